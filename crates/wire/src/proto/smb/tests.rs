use super::*;
use crate::session::{Progress, Protocol, Side};
use crate::testing::{Recorder, feed, split_anywhere};
use expect_test::{Expect, expect};
use proptest::prelude::*;

const CLIENT: Side = Side::Originator;
const SERVER: Side = Side::Responder;
const NOT_IMPLEMENTED: u32 = 0xc000_0002;

fn framed(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u32).to_be_bytes()[..], message].concat()
}

fn words(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A message of SMB1 ([MS-CIFS] 2.2.3): its answers have flag 0x80.
fn smb1(side: Side, command: u8, status: u32, multiplex: u16, words: &[u8], bytes: &[u8]) -> Vec<u8> {
    let flags = if side == SERVER { 0x98 } else { 0x18 };
    let mut message = [b"\xffSMB", &[command][..], &status.to_le_bytes(), &[flags]].concat();
    // NT states, Unicode, extended security.
    message.extend(0xc807u16.to_le_bytes());
    message.extend([0; 12]);
    for value in [0x0800, 0xfeff, 0x0800, multiplex] {
        message.extend(u16::to_le_bytes(value));
    }
    message.push((words.len() / 2) as u8);
    message.extend(words);
    message.extend((bytes.len() as u16).to_le_bytes());
    message.extend(bytes);
    framed(&message)
}

/// A message of SMB2 ([MS-SMB2] 2.2.1).
fn smb2(side: Side, command: u16, status: u32, message_id: u64, tree: u32, body: &[u8]) -> Vec<u8> {
    let mut message = b"\xfeSMB\x40\0\0\0".to_vec();
    message.extend(status.to_le_bytes());
    message.extend(words(&[command, 1]));
    message.extend(u32::from(side == SERVER).to_le_bytes());
    message.extend([0; 4]);
    message.extend(message_id.to_le_bytes());
    message.extend([0; 4]);
    message.extend(tree.to_le_bytes());
    message.extend(0x40_0000_0001u64.to_le_bytes());
    message.extend([0; 16]);
    message.extend(body);
    framed(&message)
}

fn run(said: &[(Side, Vec<u8>)]) -> Vec<String> {
    let (mut room, mut sink) = (Conversation::default(), Recorder::default());
    for (side, bytes) in said {
        let rest = feed(&mut room, *side, bytes, &mut sink);
        assert!(rest.is_empty(), "{} bytes were not taken", rest.len());
    }
    room.close(CLIENT, &[], &mut sink);
    room.close(SERVER, &[], &mut sink);
    room.end(&mut sink);
    sink.lines
}

fn check(said: &[(Side, Vec<u8>)], expected: Expect) {
    expected.assert_eq(&(run(said).join("\n") + "\n"));
}

/// Negotiation and plain session setup of an old client, chained with a tree connect.
fn smb1_beginning() -> Vec<(Side, Vec<u8>)> {
    let mut answer = words(&[1]);
    answer.resize(34, 0);
    let mut setup = words(&[0x0075, 0, 0x1000, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    setup[0] = 0x75;
    let mut texts = vec![0];
    for text in ["user\0", "DOMAIN\0", "Windows 5.1\0", "Windows 2000\0"] {
        texts.extend(wide(text));
    }
    // The chained command begins behind the first one's bytes, at an even place.
    let chained_at = 32 + 1 + setup.len() + 2 + texts.len();
    setup[2..4].copy_from_slice(&(chained_at as u16).to_le_bytes());
    let mut message = smb1(CLIENT, 0x73, 0, 2, &setup, &texts);
    let mut path = vec![0];
    path.extend(wide("\\\\10.0.0.1\\IPC$\0"));
    path.extend(b"?????\0");
    message.push(4);
    message.extend(words(&[0xff, 0, 0, 1]));
    message.extend((path.len() as u16).to_le_bytes());
    message.extend(path);
    let length = (message.len() - 4) as u32;
    message[..4].copy_from_slice(&length.to_be_bytes());
    let tree = b"IPC\0";
    let mut answers = smb1(SERVER, 0x73, 0, 2, &words(&[0x75, 0, 0]), &[wide("\0"), wide("\0")].concat());
    let at = answers.len() - 4;
    answers[4 + 32 + 3..4 + 32 + 5].copy_from_slice(&(at as u16).to_le_bytes());
    answers.push(3);
    answers.extend(words(&[0xff, 0, 0, tree.len() as u16]));
    answers.extend(tree);
    let length = (answers.len() - 4) as u32;
    answers[..4].copy_from_slice(&length.to_be_bytes());
    vec![
        (CLIENT, smb1(CLIENT, 0x72, 0, 1, &[], b"\x02LANMAN1.0\0\x02NT LM 0.12\0")),
        (SERVER, smb1(SERVER, 0x72, 0, 1, &answer, &[])),
        (CLIENT, message),
        (SERVER, answers),
    ]
}

#[test]
fn a_chain_of_commands_is_told_as_its_commands() {
    check(
        &smb1_beginning(),
        expect![[r#"
            smb {"smb":{"id":1,"dialect":"NT LM 0.12","command":"SMB1_COMMAND_NEGOTIATE_PROTOCOL","status":"STATUS_SUCCESS","status_code":"0x0","session_id":2048,"tree_id":2048,"client_dialects":["LANMAN1.0","NT LM 0.12"],"server_guid":"00000000-0000-0000-0000-000000000000"}}
            smb {"smb":{"id":2,"dialect":"NT LM 0.12","command":"SMB1_COMMAND_SESSION_SETUP_ANDX","status":"STATUS_SUCCESS","status_code":"0x0","session_id":2048,"tree_id":2048,"request":{"native_os":"Windows 5.1","native_lm":"Windows 2000"},"response":{"native_os":"","native_lm":""}}}
            smb {"smb":{"id":3,"dialect":"NT LM 0.12","command":"SMB1_COMMAND_TREE_CONNECT_ANDX","status":"STATUS_SUCCESS","status_code":"0x0","session_id":2048,"tree_id":2048,"named_pipe":"\\\\10.0.0.1\\IPC$","service":{"request":"?????","response":"IPC"}}}
        "#]],
    );
}

/// Words of a request that begins a transaction of the second kind.
fn trans2(subcommand: u16, timeout: u32, total_data: u16, data: u16) -> Vec<u8> {
    let [low, high] = [timeout as u16, (timeout >> 16) as u16];
    words(&[12, total_data, 1, 0, 0, 0, low, high, 0, 12, 66, data, 78, 1, subcommand])
}

#[test]
fn an_implant_answers_under_another_multiplex_id() {
    let said = [
        (CLIENT, smb1(CLIENT, 0x32, 0, 0x41, &trans2(0x0e, 0x00a6_d8a5, 0, 0), &[0; 13])),
        (SERVER, smb1(SERVER, 0x32, NOT_IMPLEMENTED, 0x51, &[], &[])),
        (CLIENT, smb1(CLIENT, 0x32, 0, 0x42, &trans2(0x0e, 0x00a6_d8a5, 0, 0), &[0; 13])),
        (SERVER, smb1(SERVER, 0x32, NOT_IMPLEMENTED, 0x42, &[], &[])),
    ];
    check(
        &said,
        expect![[r#"
            mark smb1.implant-ping operation ping 0x23 multiplex 0x0041 parameters 12 data 0
            mark smb1.trans2-session-setup operation ping 0x23 multiplex 0x0041 parameters 12 data 0
            mark smb1.implant-reply delta 0x10 operation ping 0x23 status STATUS_NOT_IMPLEMENTED security 0000000000
            mark smb1.trans2-session-setup-reply delta 0x10 operation ping 0x23 status STATUS_NOT_IMPLEMENTED security 0000000000
            mark smb1.implant-ping operation ping 0x23 multiplex 0x0042 parameters 12 data 0
            mark smb1.trans2-session-setup operation ping 0x23 multiplex 0x0042 parameters 12 data 0
            mark smb1.trans2-session-setup-reply delta 0x00 operation ping 0x23 status STATUS_NOT_IMPLEMENTED security 0000000000
        "#]],
    );
}

#[test]
fn a_transaction_that_changes_its_kind_is_marked_once() {
    let mut primary = vec![1, 0, 0];
    for value in [30u32, 66_512, 30, 0, 30, 76, 976, 104] {
        primary.extend(value.to_le_bytes());
    }
    primary.push(1);
    primary.extend(words(&[0, 0]));
    let secondary = |displacement| words(&[0, 4096, 0, 0, 0, 4096, 68, displacement, 0]);
    let said = [
        (CLIENT, smb1(CLIENT, 0xa0, 0, 0x40, &primary, &[0; 1006])),
        (SERVER, smb1(SERVER, 0xa0, 0, 0x40, &[], &[])),
        (CLIENT, smb1(CLIENT, 0x33, 0, 0x40, &secondary(976), &[0; 4])),
        (CLIENT, smb1(CLIENT, 0x33, 0, 0x40, &secondary(5072), &[0; 4])),
    ];
    check(
        &said,
        expect![[r#"
            mark smb1.nt-trans-unknown-function 0x0000 data 976 of 66512
            smb {"smb":{"id":1,"dialect":"unknown","command":"SMB1_COMMAND_NT_TRANS","status":"STATUS_SUCCESS","status_code":"0x0","session_id":2048,"tree_id":2048}}
            mark smb1.trans2-secondary-beyond-own-total trans2-secondary data to 5072 of 4096 parameters to 0 of 0
            mark smb1.nt-trans-continued-as-trans2 nt-trans then trans2-secondary total 66512
            mark smb1.total-over-16-bits 66512 in nt-trans continued in 16 bits
            smb {"smb":{"id":2,"dialect":"unknown","command":"SMB1_COMMAND_TRANS2_SECONDARY","session_id":2048,"tree_id":2048}}
            smb {"smb":{"id":3,"dialect":"unknown","command":"SMB1_COMMAND_TRANS2_SECONDARY","session_id":2048,"tree_id":2048}}
        "#]],
    );
}

#[test]
fn a_write_to_a_file_numbered_as_an_open_transaction_is_marked() {
    let mut primary = words(&[0, 21_504, 1, 0, 0, 0, 0, 0, 0, 0, 84, 0, 84, 2, 0x54, 0x4000]);
    primary.resize(32, 0);
    let write = words(&[0xff, 0, 0x4000, 0, 0, 0xffff, 0xffff, 4, 0, 0, 2, 60]);
    let said = [
        (CLIENT, smb1(CLIENT, 0x25, 0, 0x4000, &primary, &wide("\\PIPE\\\0"))),
        (CLIENT, smb1(CLIENT, 0x2f, 0, 7, &write, &[0, 0, 1, 2])),
        (CLIENT, smb1(CLIENT, 0x26, 0, 0x5000, &words(&[0, 2, 0, 0, 0, 2, 50, 0]), &[0; 4])),
    ];
    check(
        &said,
        expect![[r#"
            mark smb1.write-into-transaction trans data 0 of 21504 file 0x4000 multiplex 0x0007 mode 0x0004
            mark smb1.trans-secondary-without-primary trans multiplex 0x5000 midstream
            smb {"smb":{"id":2,"dialect":"unknown","command":"SMB1_COMMAND_TRANS_SECONDARY","session_id":2048,"tree_id":2048}}
            file "<unknown>" Truncated 2 bytes 0 missing "\0\u{1}"
            smb {"smb":{"id":1,"dialect":"unknown","command":"SMB1_COMMAND_WRITE_ANDX","session_id":2048,"tree_id":2048,"filename":"<unknown>","fuid":"4000"}}
        "#]],
    );
}

#[test]
fn a_negotiation_with_a_high_process_id_is_marked() {
    let mut message = smb1(CLIENT, 0x72, 0, 1, &[], b"\x02NT LM 0.12\0\x02SMB 2.002\0");
    message[4 + 12] = 0x26;
    check(
        &[(CLIENT, message)],
        expect![[r#"
            mark smb1.negotiate-process-id-high 0x0026
            smb {"smb":{"id":1,"dialect":"unknown","command":"SMB1_COMMAND_NEGOTIATE_PROTOCOL","session_id":2048,"tree_id":2048,"client_dialects":["NT LM 0.12","SMB 2.002"],"server_guid":"00000000-0000-0000-0000-000000000000"}}
        "#]],
    );
}

fn create2(name: &str) -> Vec<u8> {
    let name = wide(name);
    let mut body = words(&[57]);
    body.resize(36, 0);
    body.extend(5u32.to_le_bytes());
    body.extend(0x1000u32.to_le_bytes());
    body.extend(words(&[64 + 56, name.len() as u16]));
    body.resize(56, 0);
    body.extend(name);
    body
}

const FILE: [u8; 16] = [1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0xff, 0xff, 0xff, 0xff];

fn created2() -> Vec<u8> {
    let mut body = words(&[89]);
    body.resize(48, 0);
    body.extend(7u64.to_le_bytes());
    body.resize(64, 0);
    body.extend(FILE);
    body
}

fn write2(offset: u64, data: &[u8]) -> Vec<u8> {
    let mut body = words(&[49, 112]);
    body.extend((data.len() as u32).to_le_bytes());
    body.extend(offset.to_le_bytes());
    body.extend(FILE);
    body.resize(48, 0);
    body.extend(data);
    body
}

fn close2() -> Vec<u8> {
    [&words(&[24, 0, 0, 0])[..], &FILE].concat()
}

fn tree2(path: &str) -> Vec<u8> {
    let path = wide(path);
    [words(&[9, 0, 72, path.len() as u16]), path].concat()
}

/// A program is written to a share for administrators, its second half first.
fn smb2_writing() -> Vec<(Side, Vec<u8>)> {
    let mut negotiate = words(&[36, 2, 1, 0, 0, 0]);
    negotiate.extend([7; 16]);
    negotiate.extend([0; 8]);
    negotiate.extend(words(&[0x0202, 0x0210]));
    let mut negotiated = words(&[65, 1, 0x0210, 0]);
    negotiated.extend([8; 16]);
    negotiated.extend([0; 8]);
    negotiated.extend(65_536u32.to_le_bytes());
    negotiated.extend(65_536u32.to_le_bytes());
    negotiated.resize(65, 0);
    vec![
        (CLIENT, smb2(CLIENT, 0, 0, 0, 0, &negotiate)),
        (SERVER, smb2(SERVER, 0, 0, 0, 0, &negotiated)),
        (CLIENT, smb2(CLIENT, 3, 0, 1, 0, &tree2("\\\\srv\\ADMIN$"))),
        (SERVER, smb2(SERVER, 3, 0, 1, 5, &[16, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
        (CLIENT, smb2(CLIENT, 5, 0, 2, 5, &create2("a.exe"))),
        (SERVER, smb2(SERVER, 5, 0, 2, 5, &created2())),
        (CLIENT, smb2(CLIENT, 9, 0, 3, 5, &write2(4, b"tail"))),
        (CLIENT, smb2(CLIENT, 9, 0, 4, 5, &write2(0, b"MZ\x90\0"))),
        (SERVER, smb2(SERVER, 9, 0, 3, 5, &words(&[17, 0, 4, 0, 0, 0, 0, 0]))),
        (SERVER, smb2(SERVER, 9, 0, 4, 5, &words(&[17, 0, 4, 0, 0, 0, 0, 0]))),
        (CLIENT, smb2(CLIENT, 6, 0, 5, 5, &close2())),
        (SERVER, smb2(SERVER, 6, 0, 5, 5, &words(&[60]))),
    ]
}

#[test]
fn a_file_is_put_together_by_its_offsets() {
    check(
        &smb2_writing(),
        expect![[r#"
            smb {"smb":{"id":1,"dialect":"2.10","command":"SMB2_COMMAND_NEGOTIATE_PROTOCOL","status":"STATUS_SUCCESS","status_code":"0x0","session_id":274877906945,"tree_id":0,"client_dialects":["2.02","2.10"],"client_guid":"07070707-0707-0707-0707-070707070707","server_guid":"08080808-0808-0808-0808-080808080808","max_read_size":65536,"max_write_size":65536}}
            mark smb2.admin-share \\srv\ADMIN$
            smb {"smb":{"id":2,"dialect":"2.10","command":"SMB2_COMMAND_TREE_CONNECT","status":"STATUS_SUCCESS","status_code":"0x0","session_id":274877906945,"tree_id":5,"share":"\\\\srv\\ADMIN$","share_type":"FILE"}}
            smb {"smb":{"id":3,"dialect":"2.10","command":"SMB2_COMMAND_CREATE","status":"STATUS_SUCCESS","status_code":"0x0","session_id":274877906945,"tree_id":5,"filename":"a.exe","disposition":"FILE_OVERWRITE_IF","access":"delete on close","created":0,"accessed":0,"modified":0,"changed":0,"size":7,"fuid":"00000001-0000-0000-0009-0000ffffffff"}}
            mark smb2.program-to-admin-share \\srv\ADMIN$\a.exe
            file "a.exe" Complete 8 bytes 0 missing "MZ�\0tail"
            smb {"smb":{"id":4,"dialect":"2.10","command":"SMB2_COMMAND_WRITE","status":"STATUS_SUCCESS","status_code":"0x0","session_id":274877906945,"tree_id":5,"filename":"a.exe","share":"\\\\srv\\ADMIN$","fuid":"00000001-0000-0000-0009-0000ffffffff"}}
            smb {"smb":{"id":5,"dialect":"2.10","command":"SMB2_COMMAND_CLOSE","status":"STATUS_SUCCESS","status_code":"0x0","session_id":274877906945,"tree_id":5}}
        "#]],
    );
}

/// Requests that follow each other in one frame; all but the first are about the file of the one before.
fn compound(messages: &[Vec<u8>]) -> Vec<u8> {
    let mut whole = Vec::new();
    for (place, message) in messages.iter().enumerate() {
        let mut message = message.get(4..).unwrap().to_vec();
        message.resize(message.len().next_multiple_of(8), 0);
        if place > 0 {
            message[16] |= 4;
        }
        if place + 1 < messages.len() {
            let length = message.len() as u32;
            message[20..24].copy_from_slice(&length.to_le_bytes());
        }
        whole.extend(message);
    }
    framed(&whole)
}

#[test]
fn a_compound_speaks_of_a_file_that_has_no_name_yet() {
    let unnamed = |mut message: Vec<u8>, at: usize| {
        message[4 + 64 + at..4 + 64 + at + 16].fill(0xff);
        message
    };
    let asked = compound(&[
        smb2(CLIENT, 5, 0, 2, 5, &create2("note.txt")),
        unnamed(smb2(CLIENT, 9, 0, 3, 5, &write2(0, b"12345678")), 16),
        unnamed(smb2(CLIENT, 6, 0, 4, 5, &close2()), 8),
    ]);
    let answered = compound(&[
        smb2(SERVER, 5, 0, 2, 5, &created2()),
        smb2(SERVER, 9, 0, 3, 5, &words(&[17, 0, 8, 0, 0, 0, 0, 0])),
        smb2(SERVER, 6, 0, 4, 5, &words(&[60])),
    ]);
    check(
        &[(CLIENT, asked), (SERVER, answered)],
        expect![[r#"
            smb {"smb":{"id":1,"dialect":"unknown","command":"SMB2_COMMAND_CREATE","status":"STATUS_SUCCESS","status_code":"0x0","session_id":274877906945,"tree_id":5,"filename":"note.txt","disposition":"FILE_OVERWRITE_IF","access":"delete on close","created":0,"accessed":0,"modified":0,"changed":0,"size":7,"fuid":"00000001-0000-0000-0009-0000ffffffff"}}
            file "note.txt" Complete 8 bytes 0 missing "12345678"
            smb {"smb":{"id":2,"dialect":"unknown","command":"SMB2_COMMAND_WRITE","status":"STATUS_SUCCESS","status_code":"0x0","session_id":274877906945,"tree_id":5,"filename":"note.txt","fuid":"00000001-0000-0000-0009-0000ffffffff"}}
            smb {"smb":{"id":3,"dialect":"unknown","command":"SMB2_COMMAND_CLOSE","status":"STATUS_SUCCESS","status_code":"0x0","session_id":274877906945,"tree_id":5}}
        "#]],
    );
}

/// A write that would end beyond the largest offset, in pieces and with a hole: its bytes belong nowhere.
#[test]
fn a_write_beyond_the_largest_offset_goes_nowhere() {
    let write = smb2(CLIENT, 9, 0, 3, 5, &write2(u64::MAX - 2000, &[7; 70_000]));
    let (mut room, mut sink) = (Conversation::default(), Recorder::default());
    for (side, bytes) in smb2_writing().iter().take(6) {
        assert!(feed(&mut room, *side, bytes, &mut sink).is_empty());
    }
    for piece in write[..50_000].chunks(1460) {
        feed(&mut room, CLIENT, piece, &mut sink);
    }
    room.gap(CLIENT, &[], 5_000, &mut sink);
    feed(&mut room, CLIENT, &write[55_000..], &mut sink);
    room.end(&mut sink);
    assert!(!sink.lines.iter().any(|line| line.contains("70000 bytes")), "{:?}", sink.lines);
}

#[test]
fn a_long_write_is_streamed_and_a_hole_in_it_is_known() {
    let data = vec![b'x'; 70_000];
    let message = smb2(CLIENT, 9, 0, 3, 5, &write2(0, &data));
    let (head, tail) = message.split_at(10_000);
    let (mut room, mut sink) = (Conversation::default(), Recorder::default());
    assert!(feed(&mut room, CLIENT, head, &mut sink).is_empty());
    assert_eq!(room.gap(CLIENT, &[], 1000, &mut sink), Progress::took(0));
    let tail = tail.get(1000..).unwrap();
    assert!(feed(&mut room, CLIENT, tail, &mut sink).is_empty());
    // In step again: the next message is read.
    assert!(feed(&mut room, CLIENT, &smb2(CLIENT, 13, 0, 4, 0, &words(&[4, 0])), &mut sink).is_empty());
    room.end(&mut sink);
    expect![[r#"
        smb {"smb":{"id":2,"dialect":"unknown","command":"SMB2_COMMAND_KEEPALIVE","session_id":274877906945,"tree_id":0}}
        file "<unknown>" Truncated 69000 bytes 1000 missing "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        smb {"smb":{"id":1,"dialect":"unknown","command":"SMB2_COMMAND_WRITE","session_id":274877906945,"tree_id":5,"filename":"<unknown>","fuid":"00000001-0000-0000-0009-0000ffffffff"}}
    "#]]
    .assert_eq(&(sink.lines.join("\n") + "\n"));
}

#[test]
fn what_is_lost_is_found_again() {
    let echo = |number| smb2(CLIENT, 13, 0, number, 0, &words(&[4, 0]));
    let mut stream = b"rest of something \xfeSMB".to_vec();
    stream.extend(echo(1));
    stream.extend(b"\x99garbage");
    stream.extend(echo(2));
    let lines = split_anywhere(|| Box::<Conversation>::default(), CLIENT, &stream);
    assert_eq!(lines.iter().filter(|line| line.contains("KEEPALIVE")).count(), 2, "{lines:#?}");
}

#[test]
fn any_split_gives_the_same_events() {
    for said in [smb1_beginning(), smb2_writing()] {
        for side in [CLIENT, SERVER] {
            let stream: Vec<u8> =
                said.iter().filter(|(by, _)| *by == side).flat_map(|(_, bytes)| bytes.clone()).collect();
            split_anywhere(|| Box::<Conversation>::default(), side, &stream);
        }
    }
}

#[test]
fn long_messages_split_anywhere_too() {
    let stream =
        [smb2(CLIENT, 9, 0, 3, 5, &write2(0, &[b'y'; 5000])), smb2(CLIENT, 13, 0, 4, 0, &words(&[4, 0]))].concat();
    split_anywhere(|| Box::<Conversation>::default(), CLIENT, &stream);
}

#[test]
fn ntlm_names_are_read_by_their_offsets() {
    let mut message = b"NTLMSSP\0\x03\0\0\0".to_vec();
    // Lengths and offsets of the answers, domain, user and host; the session key has none.
    for (length, offset) in [(0u16, 72u32), (24, 72), (6, 72), (8, 78), (4, 86), (0, 90)] {
        message.extend(length.to_le_bytes());
        message.extend(length.to_le_bytes());
        message.extend(offset.to_le_bytes());
    }
    message.extend(0x0200_0001u32.to_le_bytes());
    message.extend([10, 0, 0x39, 0x38, 0, 0, 0, 15]);
    message.extend([wide("DOM"), wide("user"), wide("PC")].concat());
    let Some(ntlmssp::Message::Authenticate(read)) = ntlmssp::find(&message) else { panic!("not read") };
    assert_eq!((read.domain.as_str(), read.user.as_str(), read.host.as_str()), ("DOM", "user", "PC"));
    assert_eq!(read.version.unwrap().to_string(), "10.0 build 14393 rev 15");
}

proptest! {
    #[test]
    fn no_bytes_panic(data in proptest::collection::vec(any::<u8>(), 0..400), server in any::<bool>()) {
        let mut recorder = Recorder::default();
        let mut room = Conversation::default();
        feed(&mut room, if server { SERVER } else { CLIENT }, &data, &mut recorder);
        room.end(&mut recorder);
    }

    #[test]
    fn no_message_panics(version in 0xfcu8..=0xff, data in proptest::collection::vec(any::<u8>(), 0..300), answer in any::<bool>()) {
        let message = framed(&[&[version][..], b"SMB", &data].concat());
        let mut recorder = Recorder::default();
        let mut room = Conversation::default();
        feed(&mut room, if answer { SERVER } else { CLIENT }, &message, &mut recorder);
        room.end(&mut recorder);
    }

    #[test]
    fn no_mutation_panics(which in any::<bool>(), changes in proptest::collection::vec((0usize..2000, any::<u8>()), 1..6), hole in 0usize..2000) {
        let said = if which { smb1_beginning() } else { smb2_writing() };
        let mut at = 0;
        let mut recorder = Recorder::default();
        let mut room = Conversation::default();
        for (side, mut bytes) in said {
            for (place, value) in &changes {
                if let Some(slot) = place.checked_sub(at).and_then(|place| bytes.get_mut(place)) { *slot = *value; }
            }
            let rest = feed(&mut room, side, &bytes, &mut recorder);
            at += bytes.len();
            if at > hole {
                room.gap(side, &rest, 10, &mut recorder);
            }
        }
        room.close(CLIENT, &[], &mut recorder);
        room.end(&mut recorder);
    }
}
