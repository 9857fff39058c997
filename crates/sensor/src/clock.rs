//! How late it is in what is read. Conversations are over by this clock and not by the number of frames that went by, so
//! that every worker ends them at the same frame, whichever frames are its own.

/// Time that goes back further than this is that of another recording: captures are read in the order of their names.
/// What goes back less is a capture of several cards, or one that was put together.
const LEAP_NS: i64 = 600_000_000_000;

/// The latest time of any frame since time last leapt back.
#[derive(Debug, Clone, Copy, Default)]
pub struct Clock(Option<i64>);

impl Clock {
    /// Takes a frame's time; true when time leapt back, and nothing that went on before goes on.
    pub fn leaps(&mut self, time_ns: i64) -> bool {
        let Clock(latest) = self;
        let leaps = latest.is_some_and(|latest| latest.saturating_sub(time_ns) > LEAP_NS);
        *latest = if leaps { Some(time_ns) } else { (*latest).max(Some(time_ns)) };
        leaps
    }

    pub fn now_ns(self) -> i64 {
        self.0.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    /// What the clock shows after each of these seconds, with a mark where time leapt.
    fn shown(seconds: &[i64]) -> Vec<String> {
        let mut clock = Clock::default();
        let mut show = |second: &i64| {
            let mark = if clock.leaps(second * SECOND) { "!" } else { "" };
            format!("{}{mark}", clock.now_ns() / SECOND)
        };
        seconds.iter().map(&mut show).collect()
    }

    #[test]
    fn it_waits_where_time_goes_back_a_little_and_follows_where_it_leaps() {
        assert_eq!(shown(&[100, 90, 700, 100, 99]), ["100", "100", "700", "700", "99!"]);
        assert_eq!(shown(&[-5, -9_000, i64::MAX / SECOND, -9_000]), ["-5", "-9000!", "9223372036", "-9000!"]);
    }
}
