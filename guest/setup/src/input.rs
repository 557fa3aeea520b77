//! What a host knows and the core cannot: the environment, the program, the host's own abilities.

/// What a plan is made of.
#[derive(Debug, Clone, Default)]
pub struct Input {
    /// The application's programming language.
    pub language: String,
    /// Variables that are set, by name: those of the table that the core reads and that are not
    /// secret. URLs are without user name and password. Others are ignored.
    pub environment: Vec<(String, String)>,
    /// Options that the program sets in code, by name. They take precedence.
    pub options: Vec<(String, String)>,
    /// Secrets that the host has, by the name of their variable.
    pub secrets: Vec<Secret>,
    /// Whether the host can connect to unix sockets.
    pub unix_sockets: bool,
    /// Whether the host can read files.
    pub files: bool,
    /// Whether the host can compress bodies by gzip.
    pub gzip: bool,
    /// The folders from the program's own file upward, the innermost first.
    pub program: Vec<Folder>,
    /// `URL#COMMIT`, perhaps with `&` and more, from the metadata of the package that
    /// `DD_MAIN_PACKAGE` names; empty if there is none.
    pub source_link: String,
    /// Files that variables name and that cannot be used.
    pub unusable_files: Vec<UnusableFile>,
}

/// A secret of the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// The variable or the URL's variable.
    pub name: String,
    /// Whether a header can hold it: visible ASCII, no line break.
    pub usable: bool,
}

/// A file that a variable names and that cannot be used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnusableFile {
    /// The variable.
    pub variable: String,
    /// The file.
    pub path: String,
    /// Why it cannot be used.
    pub why: String,
}

/// A folder above the program's own file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Its name.
    pub name: String,
    /// Whether the language takes it as a package (`__init__.py`, for Python).
    pub is_package: bool,
    /// Whether source files of the language lie in it.
    pub has_sources: bool,
}
