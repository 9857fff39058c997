//! The memory of a question, as far as the engine counts it.

use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::{
    FairSpillPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation, TrackConsumersPool,
};
use std::fmt::{Display, Formatter, Result as FmtResult};
use std::num::NonZeroUsize;

/// Of the memory of the process, so much is for what the engine counts; the rest is for what it does not.
const COUNTED_PERCENT: u64 = 85;
/// Whoever can go on with the disk does so beyond this.
const GATHERED_PERCENT: u64 = 60;
/// Users of memory that are named when there is not enough.
const CONSUMERS_TOLD: NonZeroUsize = NonZeroUsize::MIN;

/// Memory that is shared out fairly, with room to tell what was gathered.
///
/// A table of groups is told as one piece, for which it needs a third again of what it takes, and at that moment it cannot go
/// to the disk any more. If it may grow until nothing is left, a question is refused that is answered with more memory, and
/// with less as well. So it stops growing before that; what comes at once is not growing.
#[derive(Debug)]
pub struct Memory {
    shared: TrackConsumersPool<FairSpillPool>,
    counted: usize,
    gathered: usize,
}

impl Memory {
    /// That of a process which may take so many bytes.
    pub fn of_process(bytes: u64) -> Memory {
        let part = |percent| usize::try_from(bytes / 100 * percent).unwrap_or(usize::MAX);
        let counted = part(COUNTED_PERCENT);
        let shared = TrackConsumersPool::new(FairSpillPool::new(counted), CONSUMERS_TOLD);
        Memory { shared, counted, gathered: part(GATHERED_PERCENT) }
    }

    fn grows_too_far(&self, reservation: &MemoryReservation, additional: usize) -> bool {
        let is_growing = additional < self.counted / 8;
        reservation.consumer().can_spill()
            && is_growing
            && reservation.size().saturating_add(additional) > self.gathered
    }
}

impl Display for Memory {
    fn fmt(&self, f: &mut Formatter<'_>) -> FmtResult {
        Display::fmt(&self.shared, f)
    }
}

impl MemoryPool for Memory {
    fn name(&self) -> &str {
        "memory of a question"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.shared.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.shared.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.shared.grow(reservation, additional);
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.shared.shrink(reservation, shrink);
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        if self.grows_too_far(reservation, additional) {
            let why = format!("`{}` has gathered enough", reservation.consumer().name());
            return Err(DataFusionError::ResourcesExhausted(why));
        }
        self.shared.try_grow(reservation, additional)
    }

    fn reserved(&self) -> usize {
        self.shared.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        self.shared.memory_limit()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;
    use std::sync::Arc;

    #[test]
    fn what_can_go_to_the_disk_leaves_room_to_tell_what_it_has() {
        let memory: Arc<dyn MemoryPool> = Arc::new(Memory::of_process(1000));
        let groups = MemoryConsumer::new("groups").with_can_spill(true).register(&memory);
        groups.try_grow(550).unwrap();
        groups.try_grow(50).unwrap();
        groups.try_grow(1).unwrap_err();
        groups.try_grow(240).unwrap();
        groups.try_grow(200).unwrap_err();
        assert_eq!(memory.reserved(), 840);
        groups.free();

        let stays = MemoryConsumer::new("stays").register(&memory);
        stays.try_grow(840).unwrap();
        stays.try_grow(20).unwrap_err();
    }
}
