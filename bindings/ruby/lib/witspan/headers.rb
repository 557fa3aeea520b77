# Headers of a request as the library takes them, one text with a line for each; of any form that Ruby has.

require_relative "errors"
require_relative "native"
require_relative "values"

module Witspan
  module Headers # :nodoc:
    # More of a request is not read.
    MOST_BYTES = 100_000

    module_function

    # The text. `headers` is a Hash, the environment of a Rack request, or anything with `each_header` or `each`.
    def lines(headers)
      each = %i[each_header each_pair each].find { |name| headers.respond_to?(name) }
      raise ArgumentError, "headers are of class #{headers.class}; accepted: a Hash, or an object with `each`" unless each

      text = String.new(encoding: Encoding::UTF_8)
      headers.public_send(each) do |name, value|
        name = plain(name)
        value = plain(value.is_a?(Array) ? value.join(",") : value)
        # A line break would make another header of it.
        next if name.nil? || value.nil? || name.match?(/[\r\n:]/) || value.match?(/[\r\n]/)

        name = name.delete_prefix("HTTP_").tr("_", "-") if name.start_with?("HTTP_")
        text << name << ": " << value << "\n" if text.bytesize + value.bytesize < MOST_BYTES
      end
      text
    end

    def plain(text)
      Values.utf8(text.to_s) if text.is_a?(String) || text.is_a?(Symbol)
    end

    # The remote context that they name; nil if they name no trace, which is another service's doing.
    def remote(tracer, headers)
      text = lines(headers)
      begin
        tracer.extract(text)
      rescue ArgumentError
        nil
      end
    end
  end
end
