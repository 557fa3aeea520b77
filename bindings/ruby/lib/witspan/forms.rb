# What becomes of objects that JSON has no form for: one form for each class, whatever its code does.
#
# | object | becomes |
# |---|---|
# | Symbol, Module, Regexp, Rational, Complex, BigDecimal, Range | its text |
# | Time, Date, DateTime | ISO 8601 |
# | Set | list |
# | Struct, Data | object of its members |
# | Exception | object of type and message |
# | Proc, Method, IO, Thread, Fiber, Enumerator, Random … | `[object IO]`: nothing is read of it |
# | what has `to_h`, `to_hash`, `attributes` (ActiveRecord), `to_ary` or `to_str` | what that returns |
# | what has a `to_json` of its own | what that JSON text says |
# | anything else | its `to_s`, if its class has one of its own, else `[object Name]` |

require "set"

module Witspan
  module Forms # :nodoc:
    CLASS = Kernel.instance_method(:class)
    RESPOND = Kernel.instance_method(:respond_to?)
    METHOD = Kernel.instance_method(:public_method)
    NAME = Module.instance_method(:name)
    PAIRS = Struct.instance_method(:each_pair)
    # Of a class by name: these need not be loaded.
    AS_TEXT = %w[Symbol Regexp Rational Complex BigDecimal Pathname URI::Generic IPAddr].freeze
    UNREAD = [
      Proc, Method, UnboundMethod, IO, Thread, Fiber, Enumerator, Random, Mutex, ConditionVariable,
      Queue, SizedQueue, Binding, Dir, ObjectSpace::WeakMap, Ractor
    ].freeze
    CONVERSIONS = %i[to_h to_hash attributes to_ary to_str].freeze
    # Elements of a collection that are read: it may make them as it goes.
    MOST_ELEMENTS = 10_000

    module_function

    # A String, number, Array, Hash, true, false or nil that stands for the object. What the object's
    # own code raises leaves this.
    def of(value)
      case value
      when Module then NAME.bind_call(value) || value.inspect
      when Time then value.strftime(value.utc? ? "%FT%T.%6NZ" : "%FT%T.%6N%:z")
      when Set then first(value)
      when Range then value.to_s
      when Struct then PAIRS.bind_call(value).to_h
      when Exception then { "type" => class_name(value), "message" => value.message }
      when *UNREAD then unread(value)
      else of_other(value)
      end
    end

    def of_other(value)
      known = CLASS.bind_call(value).ancestors.find { |each| named(each) }
      return value.to_s if known && AS_TEXT.include?(known.name)
      return value.iso8601 if known

      CONVERSIONS.each do |name|
        next unless has?(value, name)

        said = value.public_send(name)
        return said unless said.nil? || said.equal?(value)
      end
      of_texts(value)
    end

    def named(mod)
      name = NAME.bind_call(mod)
      AS_TEXT.include?(name) || %w[Date DateTime].include?(name)
    end

    # By what it writes about itself.
    def of_texts(value)
      return JSON.parse(value.to_json, max_nesting: false) if own?(value, :to_json)
      return value.to_s if own?(value, :to_s)

      unread(value)
    end

    # Whether it can be called without arguments.
    def has?(value, name)
      return false unless basic?(value) || RESPOND.bind_call(value, name)

      arity = value.public_method(name).arity
      arity.zero? || arity == -1
    rescue NameError
      false
    end

    # Whether its class says it, and not Ruby's, a library's for all objects, or nobody.
    def own?(value, name)
      owner = METHOD.bind_call(value, name).owner
      !(Object <= owner) && !owner.name.to_s.start_with?("JSON::")
    rescue NameError
      false
    end

    # A BasicObject has no such methods, nor has Ruby an answer for it.
    def basic?(value)
      !(Object === value)
    end

    def first(elements)
      kept = elements.first(MOST_ELEMENTS)
      left = elements.size - kept.size
      left.positive? ? kept << "[#{left} more]" : kept
    end

    def unread(value)
      "[object #{class_name(value)}]"
    end

    def class_name(value)
      of = CLASS.bind_call(value)
      NAME.bind_call(of) || NAME.bind_call(of.superclass || Object) || "Object"
    end
  end
end
