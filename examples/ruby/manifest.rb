# The program's own record of the spans it made, for checking what arrived.
#
# Where a span is made, the program says what it is and under which span it means it to be. That parent is
# stated here by hand and never read back from the gem, so a checker can compare two independent accounts.
# With WITSPAN_DEMO_MANIFEST unset, nothing is recorded.

require "json"
require "witspan"

module Manifest
  PATH = ENV["WITSPAN_DEMO_MANIFEST"]
  SPANS = []
  ID_OF = {}

  # Notes the span that is current now. `label` names it for its children's `under`; it is needed where
  # several spans share a name. The root is under nothing.
  def self.made(name, kind, under: nil, label: name)
    return unless PATH

    ids = Witspan.current_span.ids
    ID_OF[label] = ids[:span_id]
    SPANS << { **ids, parent_id: under ? ID_OF.fetch(under) : "undefined", name: name, kind: kind }
  end

  # Writes what was noted to the file that WITSPAN_DEMO_MANIFEST names.
  def self.write
    File.write(PATH, "#{JSON.pretty_generate(SPANS)}\n") if PATH
  end
end
