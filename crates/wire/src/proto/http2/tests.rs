use super::*;
use crate::proto::Event;
use crate::session::{Over, Probe, Protocol, Side, Way};
use crate::testing::{Recorder, feed, split_anywhere};
use proptest::prelude::*;

/// A frame (RFC 9113, section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Fields that are not remembered, without Huffman coding (RFC 7541, section 6.2.2).
fn fields(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            block.push(text.len() as u8);
            block.extend(text.bytes());
        }
    }
    block
}

fn request() -> Vec<u8> {
    let head =
        fields(&[(":method", "POST"), (":path", "/up?x=1"), (":authority", "Example.org:81"), ("user-agent", "me")]);
    let (first, second) = head.split_at(10);
    [
        records::PREFACE.to_vec(),
        frame(4, 0, 0, &[0, 3, 0, 0, 0, 100, 0, 0x77, 0, 0, 0, 1]),
        frame(4, 1, 0, &[]),
        // Padded, with a priority, and continued.
        frame(1, 0x28, 1, &[&[2, 0, 0, 0, 0, 15], first, &[0, 0]].concat()),
        frame(9, 4, 1, second),
        frame(0, 8, 1, b"\x01hel\0"),
        frame(0, 1, 1, b"lo"),
        frame(0x42, 0, 0, b"unknown"),
    ]
    .concat()
}

fn response() -> Vec<u8> {
    [
        frame(4, 0, 0, &[0, 4, 0, 0, 1, 0]),
        frame(1, 4, 1, &fields(&[(":status", "100")])),
        frame(1, 4, 1, &fields(&[(":status", "200"), ("content-type", "text/html; x"), ("content-length", "2")])),
        frame(0, 0, 1, b"ok"),
        frame(1, 5, 1, &fields(&[("trailer", "t")])),
        frame(7, 0, 0, &[0, 0, 0, 1, 0, 0, 0, 0]),
    ]
    .concat()
}

fn told(turns: &[(Side, Vec<u8>)]) -> Vec<String> {
    let (mut room, mut sink) = (Conversation::default(), Recorder::default());
    for (side, said) in turns {
        feed(&mut room, *side, said, &mut sink);
    }
    room.end(&mut sink);
    sink.lines
}

#[test]
fn a_stream_is_an_exchange() {
    let lines = told(&[(Side::Originator, request()), (Side::Responder, response())]);
    expect_test::expect![[r#"
        http {"http":{"version":"2","http2":{"stream_id":0,"request":{"settings":[{"settings_id":"SETTINGSMAXCONCURRENTSTREAMS","settings_value":100},{"settings_id":"SETTINGSUNKNOWN(119)","settings_value":1}]},"response":{}}}}
        file "/up" Complete 5 bytes 0 missing "hello"
        http {"http":{"version":"2","http2":{"stream_id":0,"request":{},"response":{"settings":[{"settings_id":"SETTINGSINITIALWINDOWSIZE","settings_value":256}]}}}}
        file "/up" Complete 2 bytes 0 missing "ok"
        http {"http":{"version":"2","request_headers":[{"name":":method","value":"POST"},{"name":":path","value":"/up?x=1"},{"name":":authority","value":"Example.org:81"},{"name":"user-agent","value":"me"}],"response_headers":[{"name":":status","value":"200"},{"name":"content-type","value":"text/html; x"},{"name":"content-length","value":"2"},{"name":"trailer","value":"t"}],"hostname":"example.org","http_port":81,"http_method":"POST","url":"/up?x=1","http_user_agent":"me","http_content_type":"text/html","length":2,"status":200,"http2":{"stream_id":1,"request":{"priority":15},"response":{}}}}
        http {"http":{"version":"2","http2":{"stream_id":0,"request":{},"response":{"error_code":"NOERROR"}}}}"#]]
    .assert_eq(&lines.join("\n"));
}

/// RFC 9113, sections 6.4 and 8.4.
#[test]
fn streams_are_reset_and_foretold() {
    let lines = told(&[
        (Side::Originator, frame(1, 5, 1, &fields(&[(":path", "/a")]))),
        (Side::Responder, frame(5, 4, 1, &[&[0, 0, 0, 2][..], &fields(&[(":path", "/b")])].concat())),
        (Side::Responder, frame(1, 4, 1, &fields(&[(":status", "200")]))),
        (Side::Responder, frame(0, 0, 1, b"half")),
        (Side::Originator, frame(3, 0, 1, &[0, 0, 0, 8])),
        (Side::Responder, frame(1, 4, 2, &fields(&[(":status", "200")]))),
        (Side::Responder, frame(0, 1, 2, b"pushed")),
    ]);
    assert_eq!(lines[0], r#"file "/a" Truncated 4 bytes 0 missing "half""#);
    assert!(lines[1].contains(r#""error_code":"CANCEL""#), "{}", lines[1]);
    assert_eq!(lines[2], r#"file "/b" Complete 6 bytes 0 missing "pushed""#);
    assert_eq!(lines.len(), 4);
}

/// RFC 8484, section 4.1.1.
#[test]
fn dns_inside_is_dns() {
    let question = b"\0\0\x01\0\0\x01\0\0\0\0\0\0\x03www\x07example\x03com\0\0\x01\0\x01";
    let get = fields(&[(":method", "GET"), (":path", "/dns-query?dns=AAABAAABAAAAAAAAA3d3dwdleGFtcGxlA2NvbQAAAQAB")]);
    let kind = ("content-type", "application/dns-message");
    let lines = told(&[
        (Side::Originator, frame(1, 5, 1, &get)),
        (Side::Originator, frame(1, 4, 3, &fields(&[(":method", "POST"), (":path", "/dns-query"), kind]))),
        (Side::Originator, frame(0, 1, 3, question)),
    ]);
    let questions: Vec<&String> =
        lines.iter().filter(|line| line.starts_with("dns") && line.contains("www.example.com")).collect();
    assert_eq!(questions.len(), 2, "{lines:#?}");
}

#[test]
fn an_upgrade_brings_its_request() {
    let mut room = Conversation::upgraded(b"GET /old HTTP/1.1\nHost: example.org");
    let mut sink = Recorder::default();
    let response = [frame(1, 4, 1, &fields(&[(":status", "200")])), frame(0, 1, 1, b"new")].concat();
    feed(&mut room, Side::Responder, &response, &mut sink);
    assert_eq!(sink.lines[0], r#"file "/old" Complete 3 bytes 0 missing "new""#);
    assert!(sink.lines[1].contains(r#""hostname":"example.org","http_method":"GET","url":"/old""#));
}

#[test]
fn holes_in_data_are_holes_in_files_and_others_end_the_reading() {
    let (mut room, mut sink) = (Conversation::default(), Recorder::default());
    feed(&mut room, Side::Responder, &frame(1, 4, 1, &fields(&[(":status", "200")])), &mut sink);
    let data = frame(0, 1, 1, b"0123456789");
    feed(&mut room, Side::Responder, &data[..11], &mut sink);
    room.gap(Side::Responder, &[], 3, &mut sink);
    feed(&mut room, Side::Responder, &data[14..], &mut sink);
    room.gap(Side::Responder, &[], 3, &mut sink);
    feed(&mut room, Side::Responder, b"anything", &mut sink);
    room.end(&mut sink);
    assert_eq!(sink.lines[0], r#"file "" Complete 7 bytes 3 missing "0156789""#);
    assert_eq!(sink.lines[1], "mark http2.lost-in-a-hole");
}

#[test]
fn headers_that_name_themselves_again_and_again_stay_small() {
    // One long value remembered, then named by one byte each: a bomb for who keeps all of it.
    let mut block = vec![0x40, 1, b'a', 0x7f, 0x81, 0x1e];
    block.extend([b'v'; 4096 - 128]);
    block.extend([0xbe; 20_000]);
    let lines = told(&[(Side::Originator, frame(1, 5, 1, &block))]);
    assert!(lines[0].starts_with("mark http2."), "{}", lines[0].chars().take(80).collect::<String>());
    assert!(lines.iter().all(|line| line.len() < 100_000));
}

#[test]
fn http2_is_recognised_by_what_is_said() {
    let way = Way { over: Over::Tcp, from_port: 40000, to_port: 4711 };
    for (said, expected) in [
        (records::PREFACE, Probe::Client),
        (b"PRI * H", Probe::More),
        (b"PRINT", Probe::No),
        (&frame(4, 0, 0, &[0, 3, 0, 0, 0, 100]), Probe::Server),
        (&frame(4, 0, 0, &[9, 3, 0, 0, 0, 100]), Probe::No),
        (&[0; 20], Probe::No),
    ] {
        assert_eq!(probe(way, said), expected, "{said:?}");
    }
}

#[test]
fn elements_are_filled() {
    let mut exchange = Exchange::default();
    let mut headers = crate::proto::http::Headers::default();
    for (name, value) in [(":method", "GET"), (":path", "/p"), (":authority", "h"), ("user-agent", "u")] {
        headers.add_separate(name.as_bytes(), value.as_bytes());
    }
    exchange.request.headers = Some(headers);
    let event = Event::Http2(&exchange);
    let elements = event.elements();
    assert_eq!((elements.object.as_deref(), elements.client.as_deref()), (Some("h/p"), Some("u")));
}

#[test]
fn any_split_gives_the_same() {
    split_anywhere(|| Box::new(Conversation::default()), Side::Originator, &request());
    split_anywhere(|| Box::new(Conversation::default()), Side::Responder, &response());
}

proptest! {
    #[test]
    fn nothing_panics(data in proptest::collection::vec(any::<u8>(), 0..200), at in 0usize..200, byte: u8, cut in 0usize..200) {
        for (side, stream) in [(Side::Originator, request()), (Side::Responder, response())] {
            let mut mutated = stream.clone();
            if let Some(slot) = mutated.get_mut(at) { *slot = byte; }
            for stream in [data.as_slice(), &mutated] {
                let (mut room, mut sink) = (Conversation::default(), Recorder::default());
                let (head, tail) = stream.split_at(cut.min(stream.len()));
                let rest = feed(&mut room, side, head, &mut sink);
                room.gap(side, &rest, 7, &mut sink);
                let rest = feed(&mut room, side, tail, &mut sink);
                room.close(side, &rest, &mut sink);
                room.end(&mut sink);
            }
        }
    }
}
