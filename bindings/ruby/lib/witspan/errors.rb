# What this gem raises, and nothing else of it: a programmer's own wrong argument.

module Witspan
  # A wrong argument; the text names it and says what is accepted. Nothing of the call was kept.
  class ArgumentError < ::ArgumentError
  end
end
