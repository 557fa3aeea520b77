# Spans as a test sees them: read from the very bodies that would be sent.

require "json"

module Witspan
  # One finished span. `event` is all of it; what follows are its members, by their names.
  class Recorded
    # The spans in bodies, by their start, with parents and children joined; and evaluations.
    def self.read(bodies)
      sent = bodies.map { |body| JSON.parse(body, max_nesting: false) }
      groups, others = sent.partition { |body| body.is_a?(Array) }
      events = groups.flatten.flat_map { |group| group["spans"] }
      [join(events), others.flat_map { |body| body["data"]["attributes"]["metrics"] }]
    end

    def self.join(events)
      spans = events.sort_by.with_index { |event, at| [event["start_ns"].to_i, at] }.map { |event| new(event) }
      by_id = spans.to_h { |span| [span.span_id, span] }
      spans.each do |span|
        span.parent = by_id[span.parent_id]
        span.parent&.children&.push(span)
      end
    end

    attr_reader :event, :children
    attr_accessor :parent # :nodoc:

    def initialize(event) # :nodoc:
      @event = event
      @children = []
    end

    def name = @event["name"]
    def kind = meta["span"]["kind"].to_sym
    def span_id = @event["span_id"]
    def trace_id = @event["trace_id"]
    def session_id = @event["session_id"]
    def start_ns = @event["start_ns"]
    def duration_ns = @event["duration"]
    def metrics = @event["metrics"]
    def model = meta["model_name"]
    def provider = meta["model_provider"]
    def ml_app = tags["ml_app"]

    # nil for a root. A parent that was not recorded has an id, and is no `parent`.
    def parent_id
      @event["parent_id"] unless @event["parent_id"] == "undefined"
    end

    # Messages of llm, documents of embedding, the text of a value otherwise; nil for nothing.
    def input
      content("input")
    end

    # Messages of llm, documents of retrieval, the text of a value otherwise; nil for nothing.
    def output
      content("output")
    end

    def prompt
      meta.dig("input", "prompt")
    end

    # Without what witspan itself keeps there.
    def metadata
      meta["metadata"].except("_dd")
    end

    def tags
      @event.fetch("tags", []).to_h { |tag| [*tag.split(":", 2), ""].first(2) }
    end

    # What it failed with: a Hash with type, message and stack; nil if it has not.
    def error
      meta["error"] || ({} if @event["status"] == "error")
    end

    # The span and all below, a line each.
    def tree
      lines("", "").join("\n")
    end

    def inspect
      "#<Witspan::Recorded #{kind} #{title}>"
    end

    protected

    def lines(branch, stem)
      below = @children.flat_map do |child|
        last = child.equal?(@children.last)
        child.lines(stem + (last ? "└─ " : "├─ "), stem + (last ? "   " : "│  "))
      end
      ["#{kind.name.ljust(10)} #{branch}#{title}", *below]
    end

    def title
      shown = model && model != "unknown" ? "#{name} (#{model})" : name
      shown += " ! #{error.values_at("type", "message").compact.join(": ")}".split.join(" ").prepend(" ") if error
      # Names and messages may be another's, and this is printed.
      shown.gsub(/[[:cntrl:]]/) { |sign| sign.dump[1..-2] }
    end

    private

    def meta
      @event["meta"]
    end

    def content(side)
      part = meta.fetch(side, {})
      part["messages"] || part["documents"] || part["value"]
    end
  end
end
