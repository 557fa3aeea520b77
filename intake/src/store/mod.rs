//! The intake's database: one SQLite file, its writer and its queries.
//!
//! One thread writes (`writer`). Any number of readers read concurrently, because the database uses a
//! write-ahead log. SQLite fits because most queries fetch a few rows by an index, the text index is
//! built in, and a commit survives the process. A column store would be faster at wide scans, but the
//! rollups per minute and hour (`rollups`) make wide scans unnecessary.

mod aggregate;
mod batch;
mod changes;
mod clock;
mod compression;
mod drops;
mod evaluations;
pub(crate) mod forward_queue;
mod ids;
mod numbers;
mod prepare;
pub(crate) mod read;
mod retention;
mod rollups;
mod search_index;
mod shared;
mod span_row;
mod summary;
#[cfg(test)]
mod tests;
mod write_queue;
mod writer;

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use tokio::sync::oneshot;

#[cfg(test)]
use crate::model::Decoded;
use crate::words::plural;
pub(crate) use changes::Changes;
pub(crate) use clock::now_ns;
#[cfg(test)]
use forward_queue::Forwarding;
pub(crate) use prepare::Prepared;
pub(crate) use retention::{Retention, Size};
use shared::Shared;
pub(crate) use write_queue::{Completion, NotKept};
use write_queue::{Job, ROOM};
use writer::Writer;

/// The version of the schema. A database with a later version is refused.
const LAYOUT: i64 = 3;
/// The time limit of one query.
const PATIENCE: Duration = Duration::from_secs(20);
const FILE: &str = "traces.sqlite";

/// The database, opened for writing.
pub(crate) struct Store {
    shared: Arc<Shared>,
    jobs: Option<Sender<Job>>,
    writer: Option<JoinHandle<()>>,
    readers: Mutex<Vec<Connection>>,
    directory: PathBuf,
    /// Whether the directory is deleted when the store is closed.
    throwaway: bool,
    /// Locked as long as the store is open: two writers would each keep counters of their own.
    _lock: File,
}

impl Store {
    /// Opens the database of a directory, and creates both if they do not exist. With a `target`, requests
    /// are also queued for forwarding.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong with the directory, or that another intake uses it.
    pub(crate) fn open(
        directory: &Path,
        retention: Retention,
        target: Option<forward_queue::Target>,
    ) -> Result<Self, String> {
        let at = |what: &str, error: &dyn std::fmt::Display| {
            format!("{what} `{}`: {error}", directory.display())
        };
        make_directory(directory).map_err(|error| at("cannot make", &error))?;
        let lock =
            private_file(&directory.join("lock")).map_err(|error| at("cannot use", &error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(format!(
                    "another intake uses `{}`: stop it, or give --data another directory",
                    directory.display()
                ));
            }
            Err(TryLockError::Error(error)) => return Err(at("cannot lock", &error)),
        }
        private_file(&directory.join(FILE)).map_err(|error| at("cannot use", &error))?;
        let connection = open_writer(&directory.join(FILE))
            .map_err(|error| at("cannot open the database in", &error))?;
        let shared = Arc::new(Shared::default());
        let writer = Writer::new(connection, shared.clone(), retention, target)
            .map_err(|error| at("cannot read the database in", &error))?;
        let (jobs, queue) = mpsc::channel();
        let writer = std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || writer.run(queue))
            .map_err(|error| at("cannot start a thread for", &error))?;
        Ok(Self {
            shared,
            jobs: Some(jobs),
            writer: Some(writer),
            readers: Mutex::default(),
            directory: directory.to_owned(),
            throwaway: false,
            _lock: lock,
        })
    }

    /// Opens a database that is deleted when the store is closed.
    pub(crate) fn throwaway(
        retention: Retention,
        target: Option<forward_queue::Target>,
    ) -> Result<Self, String> {
        let unique = format!("witspan-{}-{}", std::process::id(), now_ns());
        let mut store = Self::open(&std::env::temp_dir().join(unique), retention, target)?;
        store.throwaway = true;
        Ok(store)
    }

    /// Stores a whole request, for tests.
    #[cfg(test)]
    pub(crate) fn keep(
        &self,
        decoded: Decoded,
        forwarding: Option<Forwarding>,
    ) -> Result<Completion, NotKept> {
        self.write(Prepared::new(decoded, forwarding))
    }

    /// Waits up to `ROOM` for room in the write queue; false if there is none.
    pub(crate) async fn has_room(&self) -> bool {
        let end = std::time::Instant::now() + ROOM;
        while self.shared.write_queue.is_full() {
            if std::time::Instant::now() > end {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        true
    }

    /// Stores a request and queues it for forwarding, in one transaction. The completion resolves once
    /// that is committed. The call itself may block until there is room in the write queue.
    pub(crate) fn write(&self, prepared: Prepared) -> Result<Completion, NotKept> {
        let size = prepared.size();
        if !self.shared.write_queue.enter(size) {
            return Err(NotKept::Busy);
        }
        let (done, completion) = oneshot::channel();
        self.tell(Job::Write { prepared, size, done })?;
        Ok(completion)
    }

    /// Deletes everything.
    pub(crate) fn clear(&self) -> Result<Completion, NotKept> {
        let (done, completion) = oneshot::channel();
        self.tell(Job::Clear { done })?;
        Ok(completion)
    }

    fn tell(&self, job: Job) -> Result<(), NotKept> {
        let sent = self.jobs.as_ref().map(|jobs| jobs.send(job));
        match sent {
            Some(Ok(())) => Ok(()),
            _ => Err(NotKept::Failed("the writer has stopped".to_owned())),
        }
    }

    /// Runs a query on a read-only connection.
    pub(crate) fn read<T>(
        &self,
        question: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let free = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = match free {
            Some(connection) => connection,
            None => open_reader(&self.directory.join(FILE))?,
        };
        let end = std::time::Instant::now() + PATIENCE;
        connection.progress_handler(100_000, Some(move || std::time::Instant::now() > end))?;
        let answer = question(&connection);
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        answer
    }

    /// A reader of the requests that are queued for this receiver. Drop it before the store.
    pub(crate) fn forward_queue(&self, receiver: &str) -> Result<forward_queue::Reader, String> {
        let connection = open_reader(&self.directory.join(FILE))
            .map_err(|error| format!("cannot read what is to be forwarded: {error}"))?;
        let jobs = self.jobs.clone().ok_or("the writer has stopped")?;
        Ok(forward_queue::Reader::new(connection, jobs, self.shared.clone(), receiver))
    }

    /// Queued requests for the current receiver and for earlier ones, and the bytes of all.
    pub(crate) fn waiting(&self) -> (i64, i64, i64) {
        let counters = self.shared.forward_queue.counters();
        (counters.waiting, counters.others, counters.bytes)
    }

    /// The latest changes, for the live list.
    pub(crate) fn changes(&self) -> &Changes {
        &self.shared.changes
    }

    /// The number of stored spans, of stored traces, and of spans that are not in the text index yet.
    pub(crate) fn counts(&self) -> (i64, i64, i64) {
        let shared = &self.shared;
        (
            shared.spans.load(Ordering::Relaxed),
            shared.traces.load(Ordering::Relaxed),
            shared.behind.load(Ordering::Relaxed),
        )
    }

    /// The directory of the files.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The size of all files, in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        let files = [FILE.to_owned(), format!("{FILE}-wal")];
        let sizes = files.iter().map(|file| fs::metadata(self.directory.join(file)));
        sizes.filter_map(Result::ok).map(|file| file.len()).sum()
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
        self.readers.lock().unwrap_or_else(PoisonError::into_inner).clear();
        if self.throwaway {
            let waiting = self.shared.forward_queue.counters().waiting;
            if waiting > 0 {
                let were = if waiting == 1 { "was" } else { "were" };
                crate::terminal::note!(
                    "witspan intake: {} {were} not forwarded before the end",
                    plural(waiting, "request")
                );
            }
            let _ = fs::remove_dir_all(&self.directory);
        }
    }
}

/// Opens the database of a directory read-only. An intake may be writing to it.
///
/// # Errors
///
/// A sentence that says what is missing.
pub(crate) fn open_to_read(directory: &Path) -> Result<Connection, String> {
    let file = directory.join(FILE);
    if !file.exists() {
        return Err(format!("there are no traces in `{}`", directory.display()));
    }
    open_reader(&file).map_err(|error| format!("cannot read `{}`: {error}", file.display()))
}

/// The default data directory, inside the user's folder for application data.
///
/// # Errors
///
/// A sentence that says what to do, if the user has no such folder.
pub(crate) fn default_directory() -> Result<PathBuf, String> {
    let variable =
        |name: &str| std::env::var_os(name).filter(|it| !it.is_empty()).map(PathBuf::from);
    let home = || variable("HOME");
    let base = if cfg!(windows) {
        variable("LOCALAPPDATA")
    } else if cfg!(target_os = "macos") {
        home().map(|home| home.join("Library/Application Support"))
    } else {
        variable(witspan_setup::DATA_HOME)
            .filter(|path| path.is_absolute())
            .or_else(|| home().map(|home| home.join(".local/share")))
    };
    base.map(|base| base.join("witspan")).ok_or_else(|| {
        "there is no home directory to keep traces in: give --data DIR, or --data :memory:"
            .to_owned()
    })
}

fn open_writer(file: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(file)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.set_prepared_statement_cache_capacity(128);
    // With synchronous NORMAL a commit is in the log, which the kernel holds. It survives a kill of the
    // process. Only a power failure can lose the last moments.
    connection.execute_batch(
        "PRAGMA page_size = 8192;
         PRAGMA auto_vacuum = INCREMENTAL;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = NORMAL;
         PRAGMA journal_size_limit = 67108864;
         PRAGMA wal_autocheckpoint = 4000;
         PRAGMA cache_size = -65536;
         PRAGMA temp_store = MEMORY;",
    )?;
    match connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))? {
        LAYOUT => {}
        // Each layout extends the one before: 1 lacks the forward queue, 2 lacks an index.
        before @ 0..LAYOUT => {
            let parts = [
                include_str!("schema.sql"),
                include_str!("forward_queue.sql"),
                include_str!("by_span.sql"),
            ];
            let missing = parts[before as usize..].join("\n");
            connection.execute_batch(&format!(
                "BEGIN IMMEDIATE; {missing} PRAGMA user_version = {LAYOUT}; COMMIT;"
            ))?;
        }
        other => {
            return Err(rusqlite::Error::SqliteFailure(
                rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_MISMATCH),
                Some(format!(
                    "it has layout {other}, this program reads {LAYOUT}: give --data another \
                     directory, or delete this one"
                )),
            ));
        }
    }
    Ok(connection)
}

fn open_reader(file: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(
        file,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.execute_batch("PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY;")?;
    Ok(connection)
}

/// Creates the directory if it does not exist. Only the user may read it, because prompts are private.
fn make_directory(directory: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory)
}

/// Opens a file for writing, and creates it readable by the user only. SQLite gives its other files the
/// same permissions.
fn private_file(file: &Path) -> std::io::Result<File> {
    let mut options = fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}
