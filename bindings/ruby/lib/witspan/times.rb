# Moments and lengths of time, as the library takes them: nanoseconds.

require_relative "errors"

module Witspan
  module Times # :nodoc:
    MOST = (2**64) - 1

    module_function

    # Nanoseconds since 1970 of a Time, or of an Integer that is them.
    def nanoseconds(name, moment)
      case moment
      when Integer then moment.clamp(0, MOST)
      when Time then ((moment.to_i * 1_000_000_000) + moment.nsec).clamp(0, MOST)
      else
        raise ArgumentError, "`#{name}` is of class #{moment.class}; accepted: a Time, or an Integer of " \
                             "nanoseconds since 1970"
      end
    end

    # Nanoseconds of a time-out in seconds.
    def timeout(name, seconds)
      unless seconds.is_a?(Numeric) && seconds.real? && seconds >= 0
        raise ArgumentError, "`#{name}` is #{seconds.inspect}; accepted: seconds, a number from 0"
      end

      seconds >= MOST / 1e9 ? MOST / 2 : (seconds * 1e9).to_i
    end
  end
end
