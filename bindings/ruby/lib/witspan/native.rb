# The functions of libwitspan that this gem calls, by Fiddle, and how texts go through them.
#
# Fiddle comes with Ruby and needs no compiler. A call by the gem `ffi` is quicker; of a span with
# annotations, which is three calls, that would be a tenth.

require "fiddle"
require "json"
require_relative "errors"
require_relative "version"

module Witspan
  module Native # :nodoc:
    # Beside this file in a gem that was built; WITSPAN_LIBRARY names another one.
    PATH = ENV.fetch("WITSPAN_LIBRARY", "").then do |given|
      given.empty? ? File.join(__dir__, "libwitspan.so") : given
    end
    INTERFACE = 1

    # v nothing, p pointer, s text that has no NUL, z size, i and u 32 bits, q 64 bits without a
    # sign. Of a parameter `p` Fiddle also takes a String, whose bytes it gives as they are.
    SIGNATURES = {
      version: "p:", names: "p:", text_data: "p:p", text_length: "z:p", text_free: "v:p",
      recorder_new: "p:z", recorder_count: "z:p", recorder_path: "p:pz", recorder_body: "p:pz",
      recorder_refused: "q:p", recorder_clear: "v:p",
      config_new: "p:", config_from_env: "p:", config_free: "v:p", config_set: "v:ppzpz",
      config_tag: "v:ppzpz", config_language: "v:ppz", config_recorder: "v:pp",
      config_keep_diagnostics: "v:p", config_fixed_clock: "v:pqi",
      tracer_start: "p:pp", is_on: "i:p", plan: "p:p", diagnostics: "p:p", advance: "v:pq",
      statistics: "p:p",
      start: "q:puuqsz", start_with: "i:puuqpzpzpp", annotate: "i:pqszp", finish: "q:pqq",
      fail: "q:pqqpzpzpz", abandon: "v:pq", record: "i:ppzpp", ids: "i:pqpp", info: "i:pqp",
      times: "i:pqpp", check_context: "i:ppzp", misplaced: "v:ppz", changed: "v:ppz",
      inject: "i:pqpzp", extract: "i:ppzpp", remote_of: "i:pqp",
      evaluate: "i:ppzp", feedback: "i:ppzp",
      reply_set: "v:ppz", set_processor: "v:pppq"
    }.freeze
    # These wait for the network: other threads of Ruby run meanwhile. All others are over in
    # microseconds, and releasing Ruby's lock for them would hand it to another thread each time.
    BLOCKING = { flush: "i:pqpp", shutdown: "i:pqpp" }.freeze

    TYPES = {
      "v" => Fiddle::TYPE_VOID, "p" => Fiddle::TYPE_VOIDP, "s" => Fiddle::TYPE_CONST_STRING,
      "z" => Fiddle::TYPE_SIZE_T, "i" => Fiddle::TYPE_INT, "u" => -Fiddle::TYPE_INT,
      "q" => -Fiddle::TYPE_LONG_LONG
    }.freeze

    def self.function(library, name, signature, need_gvl:)
      result, parameters = signature.split(":")
      types = (parameters || "").chars.map { |letter| TYPES.fetch(letter) }
      Fiddle::Function.new(library["witspan_#{name}"], types, TYPES.fetch(result), need_gvl: need_gvl)
    end
    private_class_method :function

    # Why there is no library; nil if there is. An application runs without.
    FAILURE = begin
      library = Fiddle.dlopen(PATH)
      has = Fiddle::Function.new(library["witspan_interface"], [], -Fiddle::TYPE_INT).call
      raise Fiddle::DLError, "it has interface #{has}" unless has == INTERFACE

      FREE_TRACER = library["witspan_tracer_free"]
      FREE_RECORDER = library["witspan_recorder_free"]
      SIGNATURES.each do |name, signature|
        const_set(name.upcase, function(library, name, signature, need_gvl: true))
      end
      BLOCKING.each do |name, signature|
        const_set(name.upcase, function(library, name, signature, need_gvl: false))
      end
      nil
    rescue Fiddle::DLError => error
      "nothing is traced: #{PATH} cannot be used: #{error.message}"
    end

    # Results that are the caller's mistakes; all others are states, which are counted.
    MISTAKES = (1..3).freeze

    module_function

    # A text that a function returned, which is freed; nil for NULL.
    def taken(pointer)
      return if pointer.null?

      begin
        TEXT_DATA.call(pointer)[0, TEXT_LENGTH.call(pointer)].force_encoding(Encoding::UTF_8)
      ensure
        TEXT_FREE.call(pointer)
      end
    end

    # A place for a number or a pointer that a function stores.
    def place
      "\0\0\0\0\0\0\0\0".b
    end

    def number_at(place)
      place.unpack1("Q")
    end

    def text_at(place)
      address = place.unpack1("Q")
      taken(Fiddle::Pointer.new(address)) unless address.zero?
    end

    # The code of a call whose message is there; raises if it was the caller's mistake.
    def check(code, message)
      return code if code.zero?

      text = text_at(message)
      raise ArgumentError, text || "a wrong argument" if MISTAKES.cover?(code)

      code
    end

    # The text that a function without a message stores in its last parameter; nil if it has none.
    def asked(function, *arguments)
      place = place()
      text_at(place) if function.call(*arguments, place).zero?
    end

    unless FAILURE
      names = JSON.parse(taken(NAMES.call))
      KINDS = names["kinds"].each_with_index.to_h { |name, at| [name.to_sym, at] }.freeze
      BOUNDS = names["bounds"].transform_keys(&:to_sym).freeze
      STAND_INS = names["stand_ins"].transform_keys(&:to_sym).freeze
    end
  end
end
