//! What goes wrong in a C function: its status, and the message that waits in the thread. Nothing here is unsafe.
#![deny(unsafe_code)]

use crate::Error;
use std::any::Any;
use std::cell::RefCell;
use std::ffi::CString;
use std::os::raw::c_char;
use std::panic::{catch_unwind, AssertUnwindSafe};

const OK: i32 = 0;
pub(super) const INVALID_TEXT: i32 = 5;
const INVALID_ARGUMENT: i32 = 100;
pub(super) const INTERNAL_ERROR: i32 = 101;

/// The names of the statuses, NUL at the end. A test of the header reads these lines.
const NAMES: [(i32, &[u8]); 9] = [
    (OK, b"Ok\0"),
    (1, b"VersionMismatch\0"),
    (2, b"ChecksumMismatch\0"),
    (3, b"MissingPart\0"),
    (4, b"MalformedArtifact\0"),
    (INVALID_TEXT, b"InvalidText\0"),
    (6, b"MissingDependency\0"),
    (INVALID_ARGUMENT, b"InvalidArgument\0"),
    (INTERNAL_ERROR, b"InternalError\0"),
];

/// The status of an error; without a catch-all, so that a new variant does not compile before it has one.
fn status_of(error: &Error) -> i32 {
    match error {
        Error::VersionMismatch { .. } => 1,
        Error::ChecksumMismatch { .. } => 2,
        Error::MissingPart { .. } => 3,
        Error::MalformedArtifact { .. } => 4,
        Error::InvalidText { .. } => INVALID_TEXT,
        Error::MissingDependency { .. } => 6,
        Error::Caller { .. } => INTERNAL_ERROR, // never: C has no cascade
    }
}

/// The name of a status, NUL at the end.
pub(super) fn name_of(status: i32) -> &'static [u8] {
    NAMES.iter().find(|(number, _)| *number == status).map_or(b"Unknown\0", |(_, name)| *name)
}

thread_local! {
    static MESSAGE: RefCell<CString> = RefCell::new(CString::default());
}

pub(super) struct Failure {
    pub(super) status: i32,
    pub(super) message: String,
}

impl Failure {
    pub(super) fn argument(message: impl Into<String>) -> Failure {
        Failure { status: INVALID_ARGUMENT, message: message.into() }
    }

    pub(super) fn of_text(mut self, place: usize) -> Failure {
        self.message = format!("text {}: {}", place, self.message);
        self
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure { status: status_of(&error), message: error.message().to_owned() }
    }
}

/// Does the work; its failure or panic becomes a status, its message the thread's.
pub(super) fn guard(work: impl FnOnce() -> Result<(), Failure>) -> i32 {
    let Failure { status, message } = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(())) => return OK,
        Ok(Err(failure)) => failure,
        Err(panic) => Failure { status: INTERNAL_ERROR, message: message_of(panic.as_ref()) },
    };
    let message = CString::new(message.replace('\0', "\u{FFFD}")).unwrap_or_default();
    // A thread that is ending may have no room for a message any more; the status says enough.
    let _ = MESSAGE.try_with(|last| *last.borrow_mut() = message);
    status
}

/// The same for what cannot fail but has no value without its arguments.
pub(super) fn guard_or<T>(otherwise: T, work: impl FnOnce() -> Option<T>) -> T {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Some(value)) => value,
        _ => otherwise,
    }
}

/// The message of the thread's last failure, good until the next; `None` where the thread is ending.
pub(super) fn last_message() -> Option<*const c_char> {
    MESSAGE.try_with(|last| last.borrow().as_ptr()).ok()
}

fn message_of(panic: &(dyn Any + Send)) -> String {
    let text = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text.as_str(),
        _ => "no message",
    };
    format!("cerebellum has a fault: {}. Please report it.", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last() -> String {
        MESSAGE.with(|last| last.borrow().to_str().unwrap().to_owned())
    }

    #[test]
    fn a_panic_becomes_a_status_and_a_message() {
        assert_eq!(guard(|| panic!("seven {}", 7)), INTERNAL_ERROR);
        assert_eq!(last(), "cerebellum has a fault: seven 7. Please report it.");
        assert_eq!(guard_or(3, || panic!("eight")), 3);
    }

    #[test]
    fn a_status_has_the_name_of_its_error() {
        let error = |message: &str| Error::InvalidText { message: message.to_owned() };
        for error in [error("x"), Error::malformed("y")] {
            assert_eq!(name_of(status_of(&error)), [error.name(), "\0"].concat().as_bytes());
        }
    }

    #[test]
    fn a_nul_in_a_message_does_not_end_it() {
        assert_eq!(guard(|| Err(Failure::argument("a\0b"))), INVALID_ARGUMENT);
        assert_eq!(last(), "a\u{FFFD}b");
    }
}
