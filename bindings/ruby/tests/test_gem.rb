# The gem as it is installed: built, put into a folder of its own, and used from there alone.

require_relative "support"

class TestGem < Test
  def run!(variables, *command)
    out, status = Open3.capture2e(variables, *command)
    assert status.success?, out
    out
  end

  def test_a_gem_that_is_built_and_installed_traces
    Dir.mktmpdir do |folder|
      built = run!({}, RbConfig.ruby, File.expand_path("../build_gem.rb", __dir__), folder).lines.last.chomp
      assert_match(/witspan-#{Regexp.escape(Witspan::VERSION)}-.*linux.*\.gem\z/, built)
      home = { "GEM_HOME" => "#{folder}/home", "GEM_PATH" => "#{folder}/home", "WITSPAN_LIBRARY" => nil }
      run!(home, "gem", "install", "--local", "--no-document", built)
      receiving do |receiver|
        text = "Witspan.start; Witspan.task('t') {}; puts Witspan::Native::PATH"
        used = run!(environment(receiver).merge(home), RbConfig.ruby, "-w", "-r", "witspan", "-e", text)
        assert used.start_with?("#{folder}/home/gems/witspan-"), used
        assert_equal %w[t], spans_of(receiver).map(&:name)
      end
    end
  end

  def test_a_gem_has_its_files_and_no_others
    spec = Gem::Specification.load(File.expand_path("../witspan.gemspec", __dir__))
    assert_equal Dir["#{LIB}/**/*.rb"].size + 2, spec.files.size
    assert_equal Witspan::VERSION, Witspan::Native::VERSION.call.to_s
  end
end
