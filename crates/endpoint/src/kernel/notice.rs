//! The messages of the kernel's process connector (`linux/cn_proc.h`), and how many of them are missing.

use std::collections::HashMap;

/// One message of the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice {
    /// The processor it happened on; each counts for itself.
    pub processor: u32,
    pub count: u32,
    /// Nanoseconds by a clock that nobody sets.
    pub uptime: u64,
    pub what: What,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Forked {
        parent: i32,
        child: i32,
    },
    Began {
        process: i32,
    },
    /// With its status as `wait` tells it.
    Ended {
        process: i32,
        status: u32,
    },
    User {
        process: i32,
        real: u32,
        effective: u32,
    },
    /// A tracer of 0 lets it go.
    Traced {
        process: i32,
        tracer: i32,
    },
    /// One that is not the first of its process began, or ended.
    Thread {
        thread: i32,
    },
    /// Of nothing that becomes an event.
    Other,
}

pub(super) const NETLINK_HEAD_BYTES: usize = 16;
pub(super) const CONNECTOR_HEAD_BYTES: usize = 20;
/// Where in the connector's head the message is counted.
const COUNT_AT: usize = 8;
/// The processor of an answer to us, which nobody counts.
const NO_PROCESSOR: u32 = u32::MAX;

const FORK: u32 = 1;
pub(super) const EXEC: u32 = 2;
const USER: u32 = 4;
const PTRACE: u32 = 0x100;
const EXIT: u32 = 0x8000_0000;

/// Reads one message; none of one that is too short, or that is no event.
pub fn notice(message: &[u8]) -> Option<Notice> {
    let head = message.get(NETLINK_HEAD_BYTES..)?;
    let event = head.get(CONNECTOR_HEAD_BYTES..)?;
    let word = |at: usize| Some(u32::from_ne_bytes(event.get(at..at + 4)?.try_into().ok()?));
    let number = |at: usize| word(at).map(u32::cast_signed);
    let processor = word(4)?;
    if processor == NO_PROCESSOR {
        return None;
    }
    // Thread and process of each side stand behind what happened, the processor and the time.
    let what = match word(0)? {
        FORK if number(24)? == number(28)? => What::Forked { parent: number(20)?, child: number(28)? },
        FORK => What::Thread { thread: number(24)? },
        EXEC => What::Began { process: number(20)? },
        EXIT if number(16)? == number(20)? => What::Ended { process: number(20)?, status: word(24)? },
        EXIT => What::Thread { thread: number(16)? },
        USER if number(16)? == number(20)? => {
            What::User { process: number(20)?, real: word(24)?, effective: word(28)? }
        }
        PTRACE => What::Traced { process: number(20)?, tracer: number(28)? },
        _ => What::Other,
    };
    let count = u32::from_ne_bytes(head.get(COUNT_AT..COUNT_AT + 4)?.try_into().ok()?);
    let uptime = u64::from_ne_bytes(event.get(8..16)?.try_into().ok()?);
    Some(Notice { processor, count, uptime, what })
}

/// Counts what did not arrive: the kernel numbers its messages for each processor before it tries to hand them out.
#[derive(Debug, Default)]
pub struct Gaps(HashMap<u32, u32>);

impl Gaps {
    /// How many messages are missing before this one.
    pub fn before(&mut self, notice: &Notice) -> u64 {
        const BACKWARDS: u32 = 1 << 31;
        let Some(last) = self.0.insert(notice.processor, notice.count) else { return 0 };
        match notice.count.wrapping_sub(last) {
            // The count began anew.
            0 | BACKWARDS.. => 0,
            step => u64::from(step - 1),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A message as the kernel writes it.
    pub fn message(what: u32, processor: u32, count: u32, uptime: u64, data: [u32; 4]) -> Vec<u8> {
        let mut bytes = vec![0; NETLINK_HEAD_BYTES];
        bytes.extend([1_u32, 1, count, 0, 0].iter().flat_map(|word| word.to_ne_bytes()));
        bytes.extend([what, processor].iter().flat_map(|word| word.to_ne_bytes()));
        bytes.extend(uptime.to_ne_bytes());
        bytes.extend(data.iter().flat_map(|word| word.to_ne_bytes()));
        bytes
    }

    #[test]
    fn messages_say_what_happened() {
        let what = |what, data| notice(&message(what, 0, 1, 5, data)).map(|notice| notice.what);
        assert_eq!(what(FORK, [1, 1, 7, 7]), Some(What::Forked { parent: 1, child: 7 }));
        assert_eq!(what(FORK, [1, 1, 8, 7]), Some(What::Thread { thread: 8 }));
        assert_eq!(what(EXEC, [7, 7, 0, 0]), Some(What::Began { process: 7 }));
        assert_eq!(what(EXIT, [7, 7, 256, 17]), Some(What::Ended { process: 7, status: 256 }));
        assert_eq!(what(EXIT, [8, 7, 0, 0]), Some(What::Thread { thread: 8 }));
        assert_eq!(what(USER, [8, 7, 1000, 0]), Some(What::Other), "a thread of one that is told of");
        assert_eq!(what(USER, [7, 7, 1000, 0]), Some(What::User { process: 7, real: 1000, effective: 0 }));
        assert_eq!(what(PTRACE, [8, 7, 9, 9]), Some(What::Traced { process: 7, tracer: 9 }));
        assert_eq!(notice(&message(0, NO_PROCESSOR, 1, 5, [0; 4])), None);
    }

    #[test]
    fn what_is_missing_is_counted_for_each_processor() {
        let mut gaps = Gaps::default();
        let mut before = |processor, count| gaps.before(&Notice { processor, count, uptime: 0, what: What::Other });
        assert_eq!([before(0, 10), before(1, 500), before(0, 11), before(0, 15), before(1, 501)], [0, 0, 0, 3, 0]);
        assert_eq!([before(0, u32::MAX), before(0, 0), before(0, 2)], [0, 0, 1], "it goes round");
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            notice(&bytes);
        }
    }
}
