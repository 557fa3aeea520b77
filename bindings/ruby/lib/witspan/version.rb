# The version of the gem, which is that of the library that it calls.

module Witspan
  VERSION = "0.1.0"
end
