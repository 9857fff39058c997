//! Workers that read for each other: whoever has nothing to do reads the next block, lays it before all the others and
//! follows what is its own of it. No thread only reads, so that two workers on two cores are always at work.

use super::feed::Feed;
use crate::Worker;
use crate::source::Block;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread;

/// Blocks that may wait for a worker. Who would lay a further one before it waits: memory is bounded, nothing is left
/// out.
const WAITING_MAX: usize = 128;

/// A block that all workers look at.
struct Dealt {
    block: Block,
    first: u64,
}

/// What the workers share.
struct Table<'a> {
    /// Whoever holds it reads. Nobody waits for it: who has nothing to do while another reads waits for what is read.
    feed: Mutex<Feed<'a>>,
    /// What waits for each worker, by its number.
    places: Vec<Place>,
    /// Blocks that all are done with, to be filled again.
    empty: Mutex<Vec<Block>>,
}

#[derive(Default)]
struct Place {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    blocks: VecDeque<Arc<Dealt>>,
    /// Nothing more comes: all is read, or a worker broke down.
    over: bool,
}

/// Lets the workers follow everything there is in the feed, each on a thread of its own when there are several. `finish`
/// is asked of each worker on its own thread, when there is no more. None when a worker broke down or could not begin.
pub(super) fn work<T: Send>(
    workers: Vec<Worker>,
    feed: Feed<'_>,
    finish: impl Fn(Worker) -> T + Sync,
) -> Option<(Vec<T>, Feed<'_>)> {
    let places = workers.iter().map(|_| Place::default()).collect();
    let table = Table { feed: Mutex::new(feed), places, empty: Mutex::default() };
    let begin = |(own, worker): (usize, Worker)| {
        let seat = Seat { table: &table, own };
        let worker = seat.follow(worker);
        finish(worker)
    };
    let finished: Option<Vec<T>> = if workers.len() == 1 {
        Some(workers.into_iter().enumerate().map(begin).collect())
    } else {
        thread::scope(|scope| {
            let employ = |worker| thread::Builder::new().name("sensor".into()).spawn_scoped(scope, || begin(worker));
            let running: Vec<_> = workers.into_iter().enumerate().map(employ).collect();
            if running.iter().any(Result::is_err) {
                table.close();
            }
            // Every one is waited for, also when an earlier one broke down.
            let ended: Vec<_> = running.into_iter().map(|thread| thread.ok()?.join().ok()).collect();
            ended.into_iter().collect()
        })
    };
    Some((finished?, table.feed.into_inner().unwrap_or_else(PoisonError::into_inner)))
}

impl Table<'_> {
    /// Nothing more is read, and nobody is waited for.
    fn close(&self) {
        self.places.iter().for_each(|place| place.change(|waiting| waiting.over = true));
    }
}

/// One worker's seat at the table.
struct Seat<'t, 'a> {
    table: &'t Table<'a>,
    own: usize,
}

impl<'t, 'a> Seat<'t, 'a> {
    /// Takes blocks until there are no more, in the order they were read.
    fn follow(&self, mut worker: Worker) -> Worker {
        while let Some(dealt) = self.next() {
            worker.block(&dealt.block, dealt.first);
            // The last to be done with it gives the memory back.
            if let Some(dealt) = Arc::into_inner(dealt) {
                lock(&self.table.empty).push(dealt.block);
            }
        }
        worker
    }

    /// What was laid before this worker; when that is nothing, the next block is read for all.
    fn next(&self) -> Option<Arc<Dealt>> {
        let place = self.table.places.get(self.own)?;
        loop {
            if let Some(dealt) = place.change(|waiting| waiting.blocks.pop_front()) {
                return Some(dealt);
            }
            if let Some(mut feed) = self.turn() {
                // Another may have read, and even have come to the end, since this worker looked.
                let (dealt, over) = place.change(|waiting| (waiting.blocks.pop_front(), waiting.over));
                return if dealt.is_some() || over { dealt } else { self.read(&mut feed) };
            }
            drop(place.wait_until(|waiting| !waiting.blocks.is_empty() || waiting.over));
        }
    }

    /// The feed, when nobody else reads.
    fn turn(&self) -> Option<MutexGuard<'t, Feed<'a>>> {
        match self.table.feed.try_lock() {
            Ok(feed) => Some(feed),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    fn read(&self, feed: &mut Feed<'a>) -> Option<Arc<Dealt>> {
        let mut block = lock(&self.table.empty).pop().unwrap_or_default();
        let Some(first) = feed.next_block(&mut block) else {
            self.table.close();
            return None;
        };
        let dealt = Arc::new(Dealt { block, first });
        let others = self.table.places.iter().enumerate().filter(|(number, _)| *number != self.own);
        others.for_each(|(_, place)| place.put(dealt.clone()));
        Some(dealt)
    }
}

impl Drop for Seat<'_, '_> {
    fn drop(&mut self) {
        // With one gone, what is its own would be missing: all stop.
        if thread::panicking() {
            self.table.close();
        }
    }
}

impl Place {
    fn change<T>(&self, change: impl FnOnce(&mut Waiting) -> T) -> T {
        let outcome = change(&mut lock(&self.waiting));
        self.changed.notify_all();
        outcome
    }

    fn wait_until(&self, is_so: impl Fn(&Waiting) -> bool) -> MutexGuard<'_, Waiting> {
        let waiting = self.changed.wait_while(lock(&self.waiting), |waiting| !is_so(waiting));
        waiting.unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, dealt: Arc<Dealt>) {
        self.wait_until(|waiting| waiting.blocks.len() < WAITING_MAX || waiting.over).blocks.push_back(dealt);
        self.changed.notify_all();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
