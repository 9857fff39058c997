#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use super::*;
use crate::isolation::TABLE;
use std::net::IpAddr;

/// Does something in a network of its own, which is gone afterwards. Without the rights for it that is told loudly.
fn apart(what: impl FnOnce() + Send + 'static) {
    let thread = std::thread::spawn(move || {
        // SAFETY: a number in, a number out; only this thread is moved.
        if unsafe { libc::unshare(libc::CLONE_NEWNET) } != 0 {
            assert!(std::env::var_os("CI").is_none(), "no network of its own here: run as root");
            return eprintln!("SKIPPED: no network of its own here; run as root to run this test");
        }
        what();
    });
    thread.join().unwrap();
}

fn allowed() -> Allowed {
    Allowed {
        server: [IpAddr::from([10, 0, 0, 5]), "fd00::5".parse().unwrap()].into(),
        port: 7312,
        resolvers: [IpAddr::from([10, 0, 0, 1])].into(),
    }
}

#[test]
fn what_is_put_holds_until_it_is_released() {
    apart(|| {
        assert_eq!(look(&allowed()), Ok(Standing::Absent));
        assert_eq!((is_there(), release()), (Ok(false), Ok(())));
        put(&allowed()).unwrap();
        assert_eq!((look(&allowed()), is_there()), (Ok(Standing::Holds), Ok(true)));
        put(&allowed()).unwrap();
        let elsewhere = Allowed { server: [IpAddr::from([10, 0, 0, 6])].into(), ..allowed() };
        assert_eq!(look(&elsewhere), Ok(Standing::Differs));
        put(&elsewhere).unwrap();
        assert_eq!((look(&elsewhere), look(&allowed())), (Ok(Standing::Holds), Ok(Standing::Differs)));
        release().unwrap();
        assert_eq!((look(&elsewhere), is_there()), (Ok(Standing::Absent), Ok(false)));
    });
}

#[test]
fn without_an_address_of_the_server_nobody_is_cut_off() {
    apart(|| {
        assert_eq!(put(&Allowed { server: [].into(), ..allowed() }), Err(Failed::NoAddress));
        assert_eq!(is_there(), Ok(false));
    });
}

/// What somebody else might tell the kernel of our table.
#[test]
fn whatever_somebody_changes_is_seen() {
    use super::super::rules::Expression;
    apart(|| {
        put(&allowed()).unwrap();
        // Another rule, that accepts all.
        let mut chains = allowed().chains();
        chains[2].rules.push(vec![Expression::Accept]);
        tell(&message::put(&chains)).unwrap();
        assert_eq!(look(&allowed()), Ok(Standing::Differs));
        // One rule less, one chain less, another place.
        let mut chains = allowed().chains();
        chains[0].rules.pop();
        tell(&message::put(&chains)).unwrap();
        assert_eq!(look(&allowed()), Ok(Standing::Differs));
        tell(&message::put(&allowed().chains()[1..])).unwrap();
        assert_eq!(look(&allowed()), Ok(Standing::Differs));
        let mut chains = allowed().chains();
        chains[1].priority += 1;
        tell(&message::put(&chains)).unwrap();
        assert_eq!(look(&allowed()), Ok(Standing::Differs));
        // More than anybody reads.
        let mut chains = allowed().chains();
        chains[1].rules = vec![vec![Expression::Accept]; RULES_MAX + 100];
        tell(&message::put(&chains)).unwrap();
        assert_eq!(look(&allowed()), Ok(Standing::Differs));
        put(&allowed()).unwrap();
        assert_eq!(look(&allowed()), Ok(Standing::Holds), "{TABLE}");
    });
}
