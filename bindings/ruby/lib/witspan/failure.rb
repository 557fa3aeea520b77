# An error as a span shows it: its message, its class, and Ruby's own text of its backtrace.

require_relative "values"

module Witspan
  module Failure # :nodoc:
    # More of each is cut by the core.
    MOST_BYTES = 100_000

    module_function

    # Message, type and stack. An application's error may have code of its own, which may raise.
    def of(error)
      return [text { error.to_s }, "", ""] unless error.is_a?(Exception)

      [
        text { error.message },
        text { Forms.class_name(error) },
        text { error.backtrace ? error.full_message(highlight: false, order: :top) : "" }
      ]
    end

    def text
      said = yield
      said = said.is_a?(String) ? said : said.to_s
      Values.utf8(said.bytesize > MOST_BYTES ? said.byteslice(0, MOST_BYTES) : said)
    rescue *Values::Writer::TROUBLE
      Values::Writer::STAND_INS[:unserializable]
    end

    # Whether an exception is no error: the program ends, and says that all is well.
    def none?(exception)
      exception.is_a?(SystemExit) && exception.success?
    end
  end
end
