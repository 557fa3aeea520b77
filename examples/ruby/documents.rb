# The documents of this repository, as passages short enough to search and to cite.

require "witspan"
require_relative "manifest"

Passage = Struct.new(:source, :text)

module Documents
  # What is not there is left out, so that the program works on any state of the repository.
  PATTERNS = %w[README.md ARCHITECTURE.md docs/**/*.md wit/*.wit].freeze
  PASSAGE_CHARACTERS = 700

  class << self
    extend Witspan::Traced

    # Reads all documents below `root`. Captured, the folder would be the input and every passage the output.
    traced def read_documents(root)
      Manifest.made("read_documents", "task", under: "ask")
      files = PATTERNS.flat_map { |pattern| Dir.glob(pattern, base: root) }.uniq.sort_by { |path| path.split("/") }
      passages = files.flat_map { |path| split(File.read("#{root}/#{path}", encoding: "UTF-8"), path) }
      counts = { files: files.size, passages: passages.size }
      Witspan.annotate(input: { patterns: PATTERNS }, output: counts)
      passages
    end

    private

    # Cuts `text` at blank lines and headings into passages of about PASSAGE_CHARACTERS.
    def split(text, name)
      passages = []
      lines = []
      first = 1
      close = lambda do
        passage = lines.join("\n").strip
        passages << Passage.new("#{name}:#{first}", passage) unless passage.empty?
        lines = []
      end
      text.each_line(chomp: true).with_index(1) do |line, number|
        blank = line.strip.empty?
        close.call if line.start_with?("#") || (blank && lines.sum(&:size) >= PASSAGE_CHARACTERS)
        first = number if lines.empty?
        lines << line unless lines.empty? && blank
      end
      close.call
      passages
    end
  end
end
