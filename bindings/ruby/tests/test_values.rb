# Values of Ruby as JSON: each has one form, within the bounds, whatever its code does.

require_relative "support"
require "bigdecimal"
require "date"
require "ostruct"
require "pathname"
require "timeout"

class TestValues < Test
  def form(value)
    text = Witspan::Values.json(value)
    # By each of the two ways, where both can.
    assert_equal text.tr(" ", ""), Witspan::Values::Writer.new.json(value).tr(" ", "")
    text
  end

  Point = Struct.new(:x, :y)

  class Model
    def attributes = { "id" => 1, "name" => "a" }
  end

  class Own
    def to_json(*) = '{"said":[1,null]}'
  end

  class Text
    def to_s = "its text"
  end

  class Plain
    def initialize = @secret = 1
  end

  def test_plain_data
    assert_equal '{"a":[1,1.5,"x",null,true,false],"b":{"3":"s"}}',
                 form({ "a" => [1, 1.5, "x", nil, true, false], b: { 3 => :s } })
    assert_equal '[NaN,Infinity,-Infinity,1.0e+20]', form([Float::NAN, Float::INFINITY, -Float::INFINITY, 1e20])
    assert_equal (2**200).to_s, form(2**200)
    assert_equal '"[integer too large]"', form(10**5000)
    assert_equal '{"[integer too large]":1}', form({ 10**5000 => 1 })
    assert_equal '"q\"\\\\\n\u0001/ä😀"', form("q\"\\\n\u0001/ä😀")
  end

  def test_texts_of_other_encodings
    assert_equal '"ä"', form("\xC3\xA4".b)
    assert_equal "\"a\u{fffd}b\"", form("a\xFFb")
    assert_equal "\"a\u{fffd}b\"", form("a\xFFb".b)
    assert_equal '"ä"', form("\xE4".dup.force_encoding("ISO-8859-1"))
    assert_equal '"ä"', form("ä".encode("UTF-16LE"))
    assert_equal '{"ä":1}', form({ "\xE4".dup.force_encoding("ISO-8859-1") => 1 })
  end

  def test_objects_of_ruby
    {
      :sym => '"sym"', String => '"String"', (1..3) => '"1..3"', 3r => '"3/1"', BigDecimal("1.5") => '"0.15e1"',
      Time.utc(2024, 1, 2, 3, 4, 5.5) => '"2024-01-02T03:04:05.500000Z"',
      Time.new(2024, 1, 2, 3, 4, 5, "+02:00") => '"2024-01-02T03:04:05.000000+02:00"',
      Date.new(2024, 1, 2) => '"2024-01-02"',
      Set[1, 2] => "[1,2]", Point.new(1, [2]) => '{"x":1,"y":[2]}', OpenStruct.new(a: 1) => '{"a":1}',
      Pathname("/a") => '"/a"', /a/i => '"(?i-mx:a)"', IOError.new("no") => '{"type":"IOError","message":"no"}',
      $stdout => '"[object IO]"', proc {} => '"[object Proc]"', [1].each => '"[object Enumerator]"',
      Model.new => '{"id":1,"name":"a"}', Own.new => '{"said":[1,null]}', Text.new => '"its text"',
      Plain.new => '"[object TestValues::Plain]"',
      Class.new(Hash)[1 => 2] => '{"1":2}', Class.new(Array)[1] => "[1]", Class.new(String).new("s") => '"s"'
    }.each { |value, text| assert_equal text, form(value) }
    assert_equal '"2024-01-02T00:00:00+00:00"', form(DateTime.new(2024, 1, 2))
    assert_equal '"1+2i"', form(Complex(1, 2))
    assert_equal '["[object BasicObject]"]', form([BasicObject.new])
  end

  def test_data
    skip "Ruby 3.2 and later have it" unless Object.const_defined?(:Data) && Data.respond_to?(:define)
    assert_equal '{"a":1}', form(Data.define(:a).new(a: 1))
  end

  def test_code_that_raises_costs_its_own_place_only
    bad = Class.new { def to_h = raise(NotImplementedError) }
    deep = Class.new { def to_h = to_h }
    lies = Class.new { def respond_to?(*) = raise("no"); def to_h = raise("no") }
    text = Class.new { def to_json(*) = "no json" }
    assert_equal '{"a":"[unserializable]","b":1,"c":["[unserializable]"]}', form({ a: bad.new, b: 1, c: [bad.new] })
    [deep, lies, text].each { |each| assert_equal '["[unserializable]",2]', form([each.new, 2]) }
    assert_equal '{"[unserializable key]":1}', form({ [1] => 1 })
  end

  def test_an_interrupt_of_the_application_is_not_swallowed
    slow = Class.new { def to_h = sleep }
    assert_raises(Timeout::Error) { Timeout.timeout(0.05) { form(slow.new) } }
  end

  def test_cycles_and_depth
    list = [1]
    list << list
    hash = { list: list }
    hash[:self] = hash
    assert_equal '[1,"[cyclic reference]"]', form(list)
    assert_equal '{"list":[1,"[cyclic reference]"],"self":"[cyclic reference]"}', form(hash)
    twice = [0]
    assert_equal "[[0],[0]]", form([twice, twice])
    deep = 100.times.inject([]) { |inner, _| [inner] }
    assert_equal "#{"[" * 34}[]#{"]" * 34}", form(deep)
    myself = Class.new { def to_h = { me: self } }
    assert_equal '{"me":"[cyclic reference]"}', form(myself.new)
  end

  def test_bounds
    large = form("x" * 9_000_000)
    assert_operator large.bytesize, :<, 5_600_000
    assert large.end_with?('[cut]"')
    many = form(Array.new(3_000_000, 1))
    assert many.end_with?('"[too many values]"]')
    two = Witspan::Values.object({ input: "x" * 5_000_000, output: "y" * 5_000_000, tags: { a: 1 } })
    assert_operator two.bytesize, :<, 7_600_000
    assert_includes two, '"tags":{"a":1}'
    JSON.parse(two)
  end

  def test_nothing_is_changed
    text = "\xE4".dup.force_encoding("ISO-8859-1").freeze
    value = { text => [text] }.freeze
    form(value)
    assert_equal Encoding::ISO_8859_1, value.keys.first.encoding
  end

  def test_a_hash_that_changes_while_it_is_read
    hash = { a: 1 }
    hash[:b] = Class.new { define_method(:to_h) { hash[:new] = 1 } }.new
    assert_equal '{"x":{"a":1,"b":"[unserializable]"}}', form({ x: hash })
  end
end
