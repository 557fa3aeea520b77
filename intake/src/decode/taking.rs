//! Decodes a request item by item. Each item has a bound on its memory while it is read, and an invalid one is
//! dropped alone.

use crate::memory;
use crate::model::{Evaluation, Flaw, Keep, Refusal, Span, Taken};

/// Spans and evaluations of one request.
const ITEMS: u64 = 100_000;
/// Bytes that all of them may take once they are decoded.
const HELD: usize = 192 * 1024 * 1024;
/// Bytes of a request that are read; what its spans share counts for each of them.
const READ: usize = 1024 * 1024 * 1024;
/// Flaws that are reported one by one.
const NAMED: usize = 10;
/// Characters of a name or id that say which span it is.
const CHARACTERS: usize = 100;

/// The program that sends, as the first span or evaluation describes it.
pub(crate) struct Program {
    pub(crate) app: String,
    pub(crate) language: Option<String>,
}

/// A request that is being decoded.
pub(crate) struct Taking<'a> {
    keep: &'a mut dyn Keep,
    pub(crate) taken: Taken,
    program: Option<Program>,
    /// The first refusal; it is the answer if nothing else was in the request.
    refusal: Option<Refusal>,
    held: usize,
    read: usize,
}

/// One item: its place, and the memory it takes.
pub(crate) struct Item<'a> {
    pub(crate) pointer: &'a str,
    /// Bytes of it that are read, with those of what all items share.
    pub(crate) length: usize,
    /// About how many bytes it takes once it is read.
    pub(crate) weight: usize,
}

impl<'a> Taking<'a> {
    pub(crate) fn new(keep: &'a mut dyn Keep) -> Self {
        Self { keep, taken: Taken::default(), program: None, refusal: None, held: 0, read: 0 }
    }

    /// Takes the span that `make` returns, if any. If `make` refuses, the span is dropped, and `who` says which
    /// one it was.
    ///
    /// # Errors
    ///
    /// A refusal of the whole request.
    pub(crate) fn span(
        &mut self,
        item: &Item<'_>,
        who: impl FnOnce() -> String,
        make: impl FnOnce() -> Result<Option<Span>, Refusal>,
    ) -> Result<(), Refusal> {
        match self.read(item, make)? {
            Ok((Some(span), _room)) => {
                let (app, language) = (&span.ml_app, &span.language);
                let program = || Program { app: app.clone(), language: language.clone() };
                self.program.get_or_insert_with(program);
                self.taken.spans += 1;
                let bytes = self.keep.span(span);
                self.hold(bytes)
            }
            Ok((None, _)) => Ok(()),
            Err(refusal) => {
                self.leave_out(refusal, who());
                self.taken.left_out.spans += 1;
                Ok(())
            }
        }
    }

    /// The same for an evaluation.
    pub(crate) fn evaluation(
        &mut self,
        item: &Item<'_>,
        who: impl FnOnce() -> String,
        make: impl FnOnce() -> Result<Evaluation, Refusal>,
    ) -> Result<(), Refusal> {
        match self.read(item, make)? {
            Ok((evaluation, _room)) => {
                let app = &evaluation.ml_app;
                let program = || Program { app: app.clone(), language: None };
                self.program.get_or_insert_with(program);
                self.taken.evaluations += 1;
                let bytes = self.keep.evaluation(evaluation);
                self.hold(bytes)
            }
            Err(refusal) => {
                self.leave_out(refusal, who());
                self.taken.left_out.evaluations += 1;
                Ok(())
            }
        }
    }

    /// Drops a value that is not a span, in the place of one.
    pub(crate) fn no_span(&mut self, refusal: Refusal) {
        self.leave_out(refusal, String::new());
        self.taken.left_out.spans += 1;
    }

    #[allow(clippy::type_complexity)]
    fn read<T>(
        &mut self,
        item: &Item<'_>,
        make: impl FnOnce() -> Result<T, Refusal>,
    ) -> Result<Result<(T, memory::Room), Refusal>, Refusal> {
        let seen = self.taken.spans + self.taken.evaluations + self.taken.left_out.count();
        if seen >= ITEMS {
            return Err(in_parts(format!("the body holds more than {ITEMS} spans or evaluations")));
        }
        self.read = self.read.saturating_add(item.length);
        if self.read > READ {
            let reason =
                "the tags and attributes that its spans share are too long for so many spans";
            return Err(in_parts(reason.to_owned()));
        }
        if item.weight > memory::LARGEST {
            return Ok(Err(Refusal::TooLarge {
                reason: format!("`{}` holds too many values to be read", item.pointer),
            }));
        }
        let room = memory::to_read(item.weight).map_err(|memory::Full| Refusal::Busy)?;
        Ok(make().map(|made| (made, room)))
    }

    fn hold(&mut self, bytes: usize) -> Result<(), Refusal> {
        self.held = self.held.saturating_add(bytes);
        if self.held > HELD {
            return Err(in_parts("the body holds more than can be kept at once".to_owned()));
        }
        Ok(())
    }

    fn leave_out(&mut self, refusal: Refusal, of: String) {
        if self.taken.left_out.flaws.len() < NAMED {
            let (pointer, reason) = match refusal.clone() {
                Refusal::BadRequest { pointer, reason } => (pointer, reason),
                Refusal::TooLarge { reason } | Refusal::Unsupported { reason } => {
                    (String::new(), reason)
                }
                Refusal::Busy => (String::new(), "not enough memory".to_owned()),
            };
            self.taken.left_out.flaws.push(Flaw { pointer, reason, of });
        }
        self.refusal.get_or_insert(refusal);
    }

    /// What was decoded. If all of it was invalid, the request is refused.
    pub(crate) fn end(self) -> Result<(Taken, Option<Program>), Refusal> {
        match self.refusal {
            Some(refusal) if self.taken.spans + self.taken.evaluations == 0 => Err(refusal),
            _ => Ok((self.taken, self.program)),
        }
    }
}

fn in_parts(reason: String) -> Refusal {
    Refusal::TooLarge { reason: format!("{reason}; send it in parts") }
}

/// Which span it is, by its name and ids, in a form that is safe to print.
pub(crate) fn who<'a>(parts: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> String {
    let said = parts.into_iter().filter_map(|(name, value)| {
        let value: String = value?.chars().take(CHARACTERS).collect();
        (!value.is_empty()).then(|| format!("{name} {value:?}"))
    });
    said.collect::<Vec<_>>().join(", ")
}
