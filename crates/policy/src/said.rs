//! Errors whose words are those of their message, and moments as people read them.

/// An error that has a `message()` says that in English when it is printed.
macro_rules! says_its_message {
    ($($error:ty),+) => {$(
        impl std::fmt::Display for $error {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str(&words::text(&self.message(), words::Language::En))
            }
        }

        impl std::error::Error for $error {}
    )+};
}
pub(crate) use says_its_message;

/// Seconds since 1970 as `2026-03-01T08:00:00Z`; one that no calendar has stays a number.
pub(crate) fn utc(seconds: u64) -> String {
    let moment = i64::try_from(seconds).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    moment.map_or_else(|| seconds.to_string(), |moment| moment.to_string())
}

/// A count as messages have it.
pub(crate) fn number(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use model::Message;
    use words::Language;

    /// Words are there in both languages, with everything filled in.
    #[track_caller]
    pub(crate) fn speaks(message: &Message) {
        for language in Language::ALL {
            let text = words::text(message, language);
            assert!(!text.contains("policy.") && !text.contains("baseline.") && !text.contains("{{"), "{text}");
        }
    }

    #[test]
    fn a_moment_that_no_calendar_has_stays_a_number() {
        assert_eq!(utc(0), "1970-01-01T00:00:00Z");
        assert_eq!(utc(u64::MAX), u64::MAX.to_string());
    }
}
