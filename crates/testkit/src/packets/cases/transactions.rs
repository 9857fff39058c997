//! Weapons that play with the state of SMB itself: EternalSynergy, EducatedScholar.

use super::{attempt, neighbour};
use crate::packets::{Case, Conversation, Over, smb1, smb2};

const NOTIFY_CHANGE: u16 = 4;

pub fn cases() -> Vec<Case> {
    [eternalsynergy(), educatedscholar()].concat()
}

/// A transaction that is not whole, and a write to the file that has its number.
fn eternalsynergy() -> Vec<Case> {
    let mut confused = smb1::Pipe::open(40001, "\\netlogon");
    confused.conversation.from_here();
    confused.nt_transact(0x00ff, 32);
    let multiplex = confused.begin_transaction(600, 200);
    confused.write(multiplex, 100);
    // A long call in two messages, while the pipe is written to by its own number.
    let mut long = smb1::Pipe::open(40001, "\\netlogon");
    long.nt_transact(NOTIFY_CHANGE, 32);
    let multiplex = long.begin_transaction(600, 200);
    long.write(smb1::FILE, 100);
    long.continue_transaction(multiplex, 600, 200);
    // The flaw is that of EternalRomance as well: by this condition the wire shows both.
    let signs =
        vec![("eternalsynergy.write-into-transaction", false), ("eternalromance.write-into-transaction", false)];
    vec![
        Case { weapon: "eternalsynergy", name: "write", signs, conversations: vec![confused.conversation] },
        neighbour("eternalsynergy", "long-calls", vec![long.conversation]),
    ]
}

fn negotiation(port: u16, process_high: u16, dialects: &[&str]) -> Conversation {
    let mut conversation = Conversation::new(Over::Tcp, port, 445);
    conversation.client(smb1::negotiate(process_high, dialects)).server(smb1::negotiated(0));
    conversation
}

fn educatedscholar() -> Vec<Case> {
    const SIGN: &str = "educatedscholar.process-id-high";
    let mut later = smb2::Pipe::open(40003, "srvsvc");
    later.notify_later();
    let old = ["NT LM 0.12", "POSIX 2"];
    vec![
        attempt("educatedscholar", "once", SIGN, vec![negotiation(40001, 0x0041, &["NT LM 0.12", "SMB 2.002"])]),
        // Clients of other systems put the upper half of their own, long, process ids there.
        neighbour("educatedscholar", "long-process-ids", vec![negotiation(40001, 0x0003, &old)]),
        neighbour("educatedscholar", "several-dialects", vec![negotiation(40001, 0, &["NT LM 0.12", "SMB 2.???"])]),
        neighbour("educatedscholar", "late-answers", vec![later.conversation]),
    ]
}
