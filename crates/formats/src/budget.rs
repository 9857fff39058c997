//! What is left of the limits while one file is taken apart with everything inside it.

use crate::limits::{Limit, Limits};

/// Steps between two looks at the time.
const STEPS_UNASKED_MAX: u64 = 256;

/// What may still be done. Readers take from it before they do anything that a file asks for.
pub struct Budget<'a> {
    children: usize,
    file_bytes: u64,
    expanded_bytes: u64,
    steps: u64,
    unasked: u64,
    late: bool,
    is_late: &'a dyn Fn() -> bool,
}

impl<'a> Budget<'a> {
    /// Everything that the limits allow, until `is_late` says that the time is over.
    pub fn new(limits: &Limits, is_late: &'a dyn Fn() -> bool) -> Self {
        Budget {
            children: limits.children,
            file_bytes: limits.file_bytes,
            expanded_bytes: limits.expanded_bytes,
            steps: limits.steps,
            unasked: 0,
            late: false,
            is_late,
        }
    }

    /// The most bytes that one file may have.
    pub fn file_bytes(&self) -> u64 {
        self.file_bytes
    }

    /// Takes one part.
    ///
    /// # Errors
    /// When there were as many as there may be, or it is late.
    pub fn child(&mut self) -> Result<(), Limit> {
        self.step(1)?;
        self.children = self.children.checked_sub(1).ok_or(Limit::Children)?;
        Ok(())
    }

    /// Takes some work: a record that was read, or a KiB that was decoded.
    ///
    /// # Errors
    /// When there was as much as there may be, or it is late.
    pub fn step(&mut self, count: u64) -> Result<(), Limit> {
        self.steps = self.steps.checked_sub(count).ok_or_else(|| {
            self.steps = 0;
            Limit::Steps
        })?;
        self.unasked += count;
        if self.unasked >= STEPS_UNASKED_MAX {
            self.unasked = 0;
            self.late = self.late || (self.is_late)();
        }
        if self.late { Err(Limit::Time) } else { Ok(()) }
    }

    /// Takes the work of going through so many bytes.
    ///
    /// # Errors
    /// As [`Budget::step`].
    pub fn pass(&mut self, bytes: usize) -> Result<(), Limit> {
        self.step(bytes as u64 / 1024 + 1)
    }

    /// Takes bytes that come into being, or that are gone through once more as a part.
    ///
    /// # Errors
    /// When there were as many as there may be, or it is late.
    pub fn expand(&mut self, bytes: usize) -> Result<(), Limit> {
        self.pass(bytes)?;
        self.expanded_bytes = self.expanded_bytes.checked_sub(bytes as u64).ok_or_else(|| {
            self.expanded_bytes = 0;
            Limit::ExpandedBytes
        })?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_up_stays_used_up() {
        let limits = Limits { children: 1, expanded_bytes: 10, ..Limits::default() };
        let mut budget = Budget::new(&limits, &|| false);
        assert_eq!((budget.child(), budget.child()), (Ok(()), Err(Limit::Children)));
        assert_eq!(budget.expand(8), Ok(()));
        assert_eq!(budget.expand(8), Err(Limit::ExpandedBytes));
        assert_eq!(budget.expand(1), Err(Limit::ExpandedBytes));
    }

    #[test]
    fn late_is_late_for_good() {
        let asked = std::cell::Cell::new(0);
        let is_late = || {
            asked.set(asked.get() + 1);
            asked.get() == 2
        };
        let mut budget = Budget::new(&Limits::default(), &is_late);
        assert_eq!(budget.step(STEPS_UNASKED_MAX), Ok(()));
        assert_eq!(budget.step(STEPS_UNASKED_MAX), Err(Limit::Time));
        assert_eq!(budget.step(1), Err(Limit::Time));
    }
}
