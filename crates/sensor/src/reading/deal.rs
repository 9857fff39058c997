//! One reads, the workers follow: blocks go from the reader to every worker, and empty ones come back.

use super::Give;
use crate::Worker;
use crate::source::{Block, Stopped};
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};

/// Blocks that wait for a worker. One that falls behind further holds up reading: memory is bounded, nothing is left out.
const WAITING_MAX: usize = 128;

/// A block that all workers look at.
struct Dealt {
    block: Block,
    first: u64,
}

/// A worker that is through with everything, or why its outputs failed.
type Finished = io::Result<Worker>;

/// Lets `pass` give blocks to all workers until there are no more. Gives what it gave, and the workers; `None` when one
/// of them broke down.
pub(super) fn work<T>(
    mut workers: Vec<Worker>,
    pass: &mut dyn FnMut(&mut Give<'_>) -> T,
) -> Option<(T, Vec<Finished>)> {
    if let [worker] = workers.as_mut_slice() {
        let came = pass(&mut |block, first| {
            worker.block(&block, first);
            Ok(block)
        });
        return Some((came, workers.into_iter().map(finish).collect()));
    }
    let (empty, emptied) = channel();
    std::thread::scope(|scope| {
        let employ = |worker: Worker| {
            let (to, from) = sync_channel(WAITING_MAX);
            let empty = empty.clone();
            (to, scope.spawn(move || follow(worker, &from, &empty)))
        };
        let (to, running): (Vec<_>, Vec<_>) = workers.into_iter().map(employ).unzip();
        let came = pass(&mut |block, first| deal(Dealt { block, first }, &to, &emptied));
        drop(to);
        let workers: Option<Vec<Finished>> = running.into_iter().map(|worker| worker.join().ok()).collect();
        workers.map(|workers| (came, workers))
    })
}

/// Gives a block to every worker, and takes one that all are done with.
fn deal(dealt: Dealt, to: &[SyncSender<Arc<Dealt>>], emptied: &Receiver<Block>) -> Result<Block, Stopped> {
    let dealt = Arc::new(dealt);
    for worker in to {
        // One that takes no more broke down.
        worker.send(dealt.clone()).map_err(|_| Stopped)?;
    }
    Ok(emptied.try_recv().unwrap_or_default())
}

fn follow(mut worker: Worker, from: &Receiver<Arc<Dealt>>, empty: &Sender<Block>) -> Finished {
    for dealt in from {
        worker.block(&dealt.block, dealt.first);
        // The last of all workers gives the memory back; a reader that is gone needs none.
        if let Some(dealt) = Arc::into_inner(dealt) {
            let _ = empty.send(dealt.block);
        }
    }
    finish(worker)
}

/// Ends all conversations that go on, which is work as well: each worker does it for its own.
fn finish(mut worker: Worker) -> Finished {
    worker.finish()?;
    Ok(worker)
}
