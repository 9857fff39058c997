//! What a worker has of its keeper.

use super::early::Early;
use super::letters::{self, Letter};
use super::page::{Page, SLOTS};
use super::renewing::{self, Renewal};
use super::{Held, Kind, Left};
use crate::kernel::fan::Event;
use model::Message;
use std::io;
use std::ops::Deref;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Descriptors that outlive this process. By default there is nobody to keep them, and they do not.
#[derive(Debug, Clone, Default)]
pub struct Kept(Option<Arc<Worker>>);

#[derive(Debug)]
struct Worker {
    keeper: OwnedFd,
    page: Page,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    free: Vec<u8>,
    /// What another worker left, until somebody wants it.
    left: Vec<(Held, Option<Early>)>,
}

/// Somebody took over from a worker that ended without being told to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenOver {
    /// For so long nobody answered.
    pub milliseconds: u64,
    /// Questions that had been read by then; they got the safe answer.
    pub answered: u64,
}

impl Kept {
    /// In a worker that just began: all questions are read from now on.
    pub(super) fn begin(keeper: OwnedFd, page: Page, held: Vec<Held>) -> Kept {
        let is_free = |slot: &u8| held.iter().all(|held| held.slot != *slot);
        let free = (0..SLOTS).rev().filter(is_free).collect();
        let state = Mutex::new(State { free, left: Vec::new() });
        let worker = Arc::new(Worker { keeper, page, state });
        for held in held {
            match early(&held, page) {
                Ok(early) => worker.state().left.push((held, early)),
                // Nobody would ever answer: it is better that nobody asks.
                Err(error) => {
                    tracing::error!(cause = %error, name = %held.name.display(), "what was kept is let go");
                    worker.let_go(held.slot);
                }
            }
        }
        Kept(Some(worker))
    }

    /// In a program that is to take the place of another: waits until the worker before made room.
    ///
    /// # Errors
    /// When nobody hands anything over, or not in a form that is known.
    pub(super) fn stand_by(keeper: OwnedFd, page: BorrowedFd) -> io::Result<Kept> {
        let page = Page::of(page)?;
        letters::ready(keeper.as_fd())?;
        let mut held = Vec::new();
        loop {
            match letters::next(keeper.as_fd()) {
                Some(Letter::Keep(one)) => held.push(one),
                Some(Letter::Go) => return Ok(Kept::begin(keeper, page, held)),
                Some(_) => {}
                None => return Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
            }
        }
    }

    /// Has another program tried as the next worker. How that goes is told by [`Kept::renewal`]; when it is there, this one
    /// is to make room: see [`Kept::is_relieved`].
    ///
    /// # Errors
    /// When there is no keeper, or this one is on trial itself.
    pub fn renew(&self, program: &Path) -> io::Result<()> {
        let worker = self.0.as_ref().ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected))?;
        if self.renewal() == Renewal::OnTrial {
            return Err(io::ErrorKind::ResourceBusy.into());
        }
        worker.page.put_renewal(renewing::BEGUN, 0);
        letters::renew(worker.keeper.as_fd(), program)
    }

    /// Says that the program of this worker, which is on trial, proved itself and lies there: the keeper becomes it as well.
    ///
    /// # Errors
    /// When there is no keeper.
    pub fn carry_on(&self, program: &Path) -> io::Result<()> {
        let worker = self.0.as_ref().ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected))?;
        letters::carry_on(worker.keeper.as_fd(), program)
    }

    /// How far it is with another program.
    pub fn renewal(&self) -> Renewal {
        self.0.as_ref().map_or(Renewal::Nothing, |worker| Renewal::of(worker.page.renewal()))
    }

    /// This worker is to end, as it stands: what it has is taken over by one who is there already.
    pub fn is_relieved(&self) -> bool {
        self.0.as_ref().is_some_and(|worker| worker.page.is_relieved())
    }

    pub fn has_keeper(&self) -> bool {
        self.0.is_some()
    }

    /// What another worker left of that kind and name, else a new one, which is kept from now on.
    ///
    /// # Errors
    /// When no new one can be made. One that cannot be kept is lent all the same: see [`Lent::trouble`].
    pub fn lend<T: From<OwnedFd> + AsFd>(
        &self,
        kind: Kind,
        name: &Path,
        make: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<Lent<T>> {
        let Some(worker) = &self.0 else { return make().map(Lent::alone) };
        if let Some((held, early)) = worker.claim(kind, name) {
            let hold = Mutex::new(Some(Hold { worker: worker.clone(), slot: held.slot }));
            return Ok(Lent { what: held.what.into(), hold, early: Mutex::new(early), left: held.left, trouble: None });
        }
        let what = make()?;
        let mut lent = Lent::alone(what);
        match worker.keep(kind, name, &lent.what) {
            Ok(slot) => lent.hold = Mutex::new(Some(Hold { worker: worker.clone(), slot })),
            Err(error) => lent.trouble = Some(error),
        }
        Ok(lent)
    }

    /// Nobody wants more of what was left: whoever waits for it goes on.
    pub fn settle(&self) {
        let Some(worker) = &self.0 else { return };
        let left = std::mem::take(&mut worker.state().left);
        for (held, early) in left {
            tracing::info!(name = %held.name.display(), "nobody wants what was kept");
            let waiting = early.map(Early::end);
            worker.let_go(held.slot);
            drop((held, waiting));
        }
        worker.page.settle(true);
    }
}

fn early(held: &Held, page: Page) -> io::Result<Option<Early>> {
    match held.kind.asks() {
        true => Early::start(held.what.try_clone()?, page, held.slot).map(Some),
        false => Ok(None),
    }
}

impl Worker {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn claim(&self, kind: Kind, name: &Path) -> Option<(Held, Option<Early>)> {
        let mut state = self.state();
        let at = state.left.iter().position(|(held, _)| held.kind == kind && held.name == name)?;
        Some(state.left.swap_remove(at))
    }

    fn keep(&self, kind: Kind, name: &Path, what: &impl AsFd) -> io::Result<u8> {
        let slot = self.state().free.pop().ok_or_else(|| io::Error::from(io::ErrorKind::QuotaExceeded))?;
        self.page.put_answer(slot, false);
        match letters::keep(self.keeper.as_fd(), slot, kind, name, what.as_fd()) {
            Ok(()) => Ok(slot),
            Err(error) => {
                self.state().free.push(slot);
                Err(error)
            }
        }
    }

    fn let_go(&self, slot: u8) {
        match letters::let_go(self.keeper.as_fd(), slot) {
            Ok(()) => self.state().free.push(slot),
            Err(error) => tracing::error!(cause = %error, "the keeper does not hear"),
        }
    }
}

/// A descriptor to work with; the keeper has it as well, until this is dropped in order.
#[derive(Debug)]
pub struct Lent<T> {
    what: T,
    hold: Mutex<Option<Hold>>,
    early: Mutex<Option<Early>>,
    left: Option<Left>,
    trouble: Option<io::Error>,
}

#[derive(Debug)]
struct Hold {
    worker: Arc<Worker>,
    slot: u8,
}

impl<T> Lent<T> {
    fn alone(what: T) -> Lent<T> {
        Lent { what, hold: Mutex::default(), early: Mutex::default(), left: None, trouble: None }
    }

    /// Another worker had it before, and ended without being told to.
    pub fn was_left(&self) -> bool {
        self.left.is_some()
    }

    /// The process that it was.
    pub fn left_by(&self) -> Option<i32> {
        self.left.map(|left| left.by)
    }

    /// The same, and for how long nobody answered when that is over now.
    pub fn taken_over(&self) -> Option<TakenOver> {
        let Left { since, answered, .. } = self.left?;
        let milliseconds = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        Some(TakenOver { milliseconds, answered })
    }

    /// Events that wait since before this was lent. Whoever calls this answers from now on.
    pub fn take_over(&self) -> Vec<Event> {
        let early = self.early.lock().unwrap_or_else(PoisonError::into_inner).take();
        early.map(Early::end).unwrap_or_default()
    }

    /// Somebody looks for questions.
    pub fn beat(&self) {
        if let Some(hold) = &*self.hold() {
            hold.worker.page.beat(hold.slot);
        }
    }

    /// What those are told who wait for an answer when this process is killed; without it that they may not.
    pub fn put_safe_answer(&self, may: bool) {
        if let Some(hold) = &*self.hold() {
            hold.worker.page.put_answer(hold.slot, may);
        }
    }

    /// The keeper has it no more; it is gone with this, though somebody may still have that.
    pub fn let_go(&self) {
        drop(self.hold().take());
    }

    fn hold(&self) -> MutexGuard<'_, Option<Hold>> {
        self.hold.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why it is not kept, though it should be.
    pub fn trouble(&self) -> Option<Message> {
        self.trouble.as_ref().map(|error| Message::new("agent.unkept").reason("cause", error))
    }
}

impl<T> Deref for Lent<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.what
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.worker.let_go(self.slot);
    }
}
