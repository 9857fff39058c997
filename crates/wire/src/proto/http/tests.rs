use super::*;
use crate::proto::{Detail, Event};
use crate::session::{Over, Probe, Progress, Protocol, Side, Sink, Way};
use crate::testing::{Recorder, feed, split_anywhere};
use proptest::prelude::*;

fn room() -> Box<dyn Protocol> {
    Box::new(Conversation::default())
}

/// A conversation by turns, `>` the client and `<` the server, with what it told. `~` is the end of a line and `@` a
/// hole of ten bytes.
fn told(turns: &[&str]) -> Vec<String> {
    let (mut room, mut sink) = (Conversation::default(), Recorder::default());
    let mut waiting = [Vec::new(), Vec::new()];
    for turn in turns {
        let (who, said) = turn.split_at(1);
        let (side, waiting) = match who {
            ">" => (Side::Originator, &mut waiting[0]),
            _ => (Side::Responder, &mut waiting[1]),
        };
        if said == "@" {
            let rest = std::mem::take(waiting);
            room.gap(side, &rest, 10, &mut sink);
            continue;
        }
        waiting.extend_from_slice(said.replace('~', "\r\n").as_bytes());
        match room.data(side, waiting, &mut sink) {
            Progress::Took { used, .. } => drop(waiting.drain(..used)),
            Progress::Switch { to, .. } => {
                sink.lines.push(format!("switch {to:?}"));
                return sink.lines;
            }
            Progress::Lost => {
                sink.lines.push("lost".to_owned());
                return sink.lines;
            }
        }
    }
    room.close(Side::Originator, &waiting[0], &mut sink);
    room.close(Side::Responder, &waiting[1], &mut sink);
    room.end(&mut sink);
    sink.lines
}

#[track_caller]
fn check(turns: &[&str], expected: &[&str]) {
    assert_eq!(told(turns), expected);
}

#[test]
fn a_request_and_its_response() {
    check(
        &[
            ">GET http://Example.org:81/a/%62.txt?q HTTP/1.1~User-Agent: me~Referer: r~~",
            "<HTTP/1.1 200 OK~Content-Type: text/plain; x~Content-Length: 2~~hi",
        ],
        &[
            r#"file "/a/b.txt" Complete 2 bytes 0 missing "hi""#,
            r#"http {"http":{"hostname":"example.org","http_port":81,"url":"http://Example.org:81/a/%62.txt?q","http_user_agent":"me","http_content_type":"text/plain","http_refer":"r","http_method":"GET","protocol":"HTTP/1.1","status":200,"length":2}}"#,
        ],
    );
}

/// RFC 9112, section 9.3.2; RFC 9110, sections 15.2 and 9.3.2.
#[test]
fn pipelined_requests_get_their_responses_in_order() {
    let lines = told(&[
        ">GET /1 HTTP/1.1~~HEAD /2 HTTP/1.1~~GET /3 HTTP/1.1~~",
        "<HTTP/1.1 100 Continue~~HTTP/1.1 200 OK~Content-Length: 1~~aHTTP/1.1 200 OK~Content-Length: 9~~HTTP/1.1 304 Not~~",
    ]);
    let short: Vec<String> = lines.iter().map(|line| line.chars().take(60).collect()).collect();
    assert_eq!(
        short,
        [
            r#"file "/1" Complete 1 bytes 0 missing "a""#,
            r#"http {"http":{"url":"/1","http_method":"GET","protocol":"HTT"#,
            r#"http {"http":{"url":"/2","http_method":"HEAD","protocol":"HT"#,
            r#"http {"http":{"url":"/3","http_method":"GET","protocol":"HTT"#,
        ]
    );
}

/// RFC 9112, section 7.1, and what browsers make of sizes that are none.
#[test]
fn chunks_are_joined_and_what_is_no_chunk_is_shown_as_it_is() {
    let chunked = |body: &str| {
        let response = format!("<HTTP/1.1 200 OK~Transfer-Encoding: chunked~~{body}");
        told(&[">GET /c HTTP/1.1~~", &response]).into_iter().find(|line| line.starts_with("file")).unwrap_or_default()
    };
    assert_eq!(chunked("3;name=value~abc~02 ~de~0~Trailer: t~~"), r#"file "/c" Complete 5 bytes 0 missing "abcde""#);
    assert_eq!(chunked("~~ 3~abc~0~~"), r#"file "/c" Complete 3 bytes 0 missing "abc""#);
    assert_eq!(chunked("not chunked"), r#"file "/c" Complete 11 bytes 0 missing "not chunked""#);
    assert_eq!(chunked("3~ab"), r#"file "/c" Truncated 2 bytes 0 missing "ab""#);
    assert_eq!(chunked("80000000~ab"), r#"file "/c" Complete 12 bytes 0 missing "80000000\r\nab""#);
}

#[test]
fn holes_in_bodies_are_holes_in_files() {
    let lines = told(&[">GET /g HTTP/1.1~~", "<HTTP/1.1 200 OK~Content-Length: 14~~ab", "<@", "<cd"]);
    assert_eq!(lines[0], r#"file "/g" Complete 4 bytes 10 missing "abcd""#);
    // A hole that hides the end of one response and the head of the next.
    let lines = told(&[
        ">GET /g HTTP/1.1~~GET /h HTTP/1.1~~",
        "<HTTP/1.1 200 OK~Content-Length: 4~~ab",
        "<@",
        "<cd~efHTTP/1.1 200 OK~Content-Length: 0~~",
    ]);
    assert_eq!(lines[0], r#"file "/g" Truncated 2 bytes 2 missing "ab""#);
    assert_eq!(lines[3], r#"file "/h" Complete 6 bytes 8 missing "cd\r\nef""#);
}

#[test]
fn a_hole_at_the_end_is_an_end_that_was_not_seen() {
    let lines = told(&[">GET /g HTTP/1.1~~", "<HTTP/1.1 200 OK~Content-Length: 12~~ab", "<@"]);
    assert_eq!(lines[0], r#"file "/g" Truncated 2 bytes 0 missing "ab""#);
}

/// RFC 9110, sections 9.3.6 and 7.8.
#[test]
fn tunnels_and_upgrades_go_on_as_something_else() {
    let lines = told(&[">CONNECT example.org:443 HTTP/1.1~~", "<HTTP/1.1 200 OK~~"]);
    assert_eq!(
        lines,
        [
            r#"http {"http":{"hostname":"example.org","http_port":443,"url":"example.org:443","http_method":"CONNECT","protocol":"HTTP/1.1","status":200,"length":0}}"#,
            "switch None"
        ]
    );
    let lines =
        told(&[">CONNECT example.org:443 HTTP/1.1~~", "<HTTP/1.1 403 No~Content-Length: 0~~", ">GET / HTTP/1.1~~"]);
    assert_eq!(lines.len(), 2);
    let lines = told(&[">GET /ws HTTP/1.1~Upgrade: websocket~~", "<HTTP/1.1 101 Switching~Upgrade: websocket~~"]);
    assert_eq!(lines[1], "switch Some(Websocket)");
}

/// RFC 7578: the files of a form, and the rest of it not.
#[test]
fn uploads_are_files_with_their_names() {
    let body = "--B~Content-Disposition: form-data; name=\"a\"~~text~--B~\
        Content-Disposition: form-data; name=\"f\"; filename=\"C:\\tmp\\one.txt\"~Content-Type: text/plain~~one~--B--~";
    let head = format!(
        ">POST /u HTTP/1.1~Content-Type: multipart/form-data; boundary=B~Content-Length: {}~~",
        body.replace('~', "\r\n").len()
    );
    let lines = told(&[&head, &format!(">{body}")]);
    assert_eq!(lines[0], r#"file "C:\\tmp\\one.txt" Complete 3 bytes 0 missing "one""#);
    let lines = told(&[">PUT /dir/two.txt HTTP/1.1~Content-Length: 3~~two"]);
    assert_eq!(lines[0], r#"file "/dir/two.txt" Complete 3 bytes 0 missing "two""#);
}

#[test]
fn heads_are_read_as_browsers_do() {
    for head in [
        "HTTP/1.1 200 OK\nContent-Disposition: attachment; filename=x\nContent-Length: 2\n\n",
        "HTTP/1.1 200 OK\rContent-Disposition: attachment; filename=x\rContent-Length: 2~~",
        "HTTP/1.1 200 OK\n\rContent-Disposition: attachment; filename=x\n\rContent-Length: 2~~",
        "~~ HTTP/1.1 200 OK~Content-Disposition:~ attachment;~\tfilename=\"x\"~content-length:  2~~",
        "nonsense~HTTP/1.1 200 OK~Content-Disposition ~ : attachment; filename=x~Content-Length: 2, 2~ ~~",
        "HTTP/1.1 2xx~\r~Content\0-Disposition: attachment; filename*=utf-8''x~Content-Length: 2~\t~",
    ] {
        let lines = told(&[">GET /a HTTP/1.0~~", &format!("<{head}ok")]);
        assert!(lines.contains(&r#"file "x" Complete 2 bytes 0 missing "ok""#.to_owned()), "{head:?}: {lines:#?}");
    }
}

#[test]
fn what_is_not_answered_and_what_nobody_asked() {
    check(
        &["<HTTP/1.1 404 Not Found~Content-Length: 0~~", ">GET /late HTTP/1.0~~"],
        &[
            "mark http.response-without-request",
            r#"http {"http":{"status":404,"length":0}}"#,
            r#"http {"http":{"url":"/late","http_method":"GET","protocol":"HTTP/1.0","length":0}}"#,
        ],
    );
    check(
        &[">GET /bare~", "<hello"],
        &[
            "mark http.response-without-head",
            r#"file "/bare" Complete 5 bytes 0 missing "hello""#,
            r#"http {"http":{"url":"/bare","http_method":"GET","length":5}}"#,
        ],
    );
    check(
        &[">GET /HTTP/1.1~Host: h~~", "<HTTP/1.1 400 Bad~Content-Length: 0~~"],
        &[r#"http {"http":{"hostname":"h","url":"/HTTP/1.1","http_method":"GET","status":400,"length":0}}"#],
    );
    check(&[">GET /"], &[r#"http {"http":{"url":"/","http_method":"GET","length":0}}"#]);
}

#[test]
fn requests_without_end_are_told_as_they_are() {
    let many = format!(">{}", "GET /n HTTP/1.1~~".repeat(600));
    let lines = told(&[&many]);
    assert_eq!(lines.iter().filter(|line| line.starts_with("mark http.too-many-open-requests")).count(), 1);
    assert_eq!(lines.iter().filter(|line| line.starts_with("http")).count(), 600);
}

/// RFC 4918, section 10.4.
#[test]
fn overlong_webdav_conditions_are_marked() {
    let request = |length| format!(">PROPFIND / HTTP/1.1~If: <http://a/{}> (Not <l:w>)~~", "a".repeat(length));
    assert!(told(&[&request(2000)]).contains(&"mark http.webdav-if-overlong PROPFIND 2009".to_owned()));
    assert!(!told(&[&request(500)]).iter().any(|line| line.starts_with("mark")));
    let named = |path: &str| told(&[&format!(">PROPFIND / HTTP/1.1~If: <http://a/{path}> (Not <l:w>)~~")]);
    // A hundred letters as addresses spell them, and as they do not.
    assert!(!named(&"%E6%B5%8B".repeat(150)).iter().any(|line| line.starts_with("mark")));
    assert!(named(&"测".repeat(100)).contains(&"mark http.webdav-if-overlong PROPFIND 309".to_owned()));
}

/// RFC 7617, 7616 and [MS-NLMP]: names, and no secrets.
#[test]
fn who_asks_is_told() {
    let account = |authorization: &str| {
        struct Last(Option<(String, String)>);
        impl Sink for Last {
            fn now_ns(&self) -> i64 {
                0
            }
            fn event(&mut self, event: Event<'_>, _place: crate::session::Place) {
                let elements = event.elements();
                let text = |value: Option<std::borrow::Cow<'_, str>>| value.unwrap_or_default().into_owned();
                self.0 = Some((text(elements.account), text(elements.host_name)));
            }
            fn mark(&mut self, _mark: crate::session::Mark) {}
            fn open_file(&mut self, _file: crate::session::NewFile<'_>) -> crate::session::FileId {
                crate::session::FileId(0)
            }
            fn file_data(&mut self, _id: crate::session::FileId, _data: &[u8]) {}
            fn file_gap(&mut self, _id: crate::session::FileId, _length: u64) {}
            fn close_file(
                &mut self,
                _id: crate::session::FileId,
                _end: crate::session::FileEnd,
                _context: Event<'_>,
                _place: crate::session::Place,
            ) {
            }
            fn expect(&mut self, _expected: crate::session::Expected) {}
        }
        let (mut room, mut last) = (Conversation::default(), Last(None));
        let request = format!("GET / HTTP/1.1\r\nAuthorization: {authorization}\r\n\r\n");
        room.data(Side::Originator, request.as_bytes(), &mut last);
        room.end(&mut last);
        last.0.unwrap_or_default()
    };
    assert_eq!(account("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="), ("Aladdin".to_owned(), String::new()));
    assert_eq!(account("Digest realm=\"a\", username=\"Mufasa\", uri=\"/\""), ("Mufasa".to_owned(), String::new()));
    // NTLMSSP message 3: domain, user and workstation in UTF-16 after a header of 64 bytes.
    let ntlm = "NTLM TlRMTVNTUAADAAAAAAAAAAAAAAAAAAAAAAAAAAYABgBAAAAACAAIAEYAAAAEAAQATgAAAAAAAAAAAAAAAQAAAEQATwBNAHUAcwBlAHIAUABDAA==";
    assert_eq!(account(ntlm), ("DOM\\user".to_owned(), "PC".to_owned()));
}

#[test]
fn http_is_recognised_by_what_is_said() {
    let way = Way { over: Over::Tcp, from_port: 40000, to_port: 4711 };
    for (said, expected) in [
        ("GET / HTTP/1.1\r\n", Probe::Client),
        ("GET /", Probe::Client),
        ("BREW tea HTTP/1.0\r\n", Probe::Client),
        ("HTTP/1.1 200", Probe::Server),
        ("GE", Probe::More),
        ("OPTIONS sip:a@b SIP/2.0\r\n", Probe::No),
        ("USER name\r\n", Probe::No),
        ("SSH-2.0-x\r\n", Probe::No),
        ("EHLO example.org\r\n", Probe::No),
        ("\x16\x03\x01", Probe::No),
    ] {
        assert_eq!(probe(way, said.as_bytes()), expected, "{said}");
    }
}

const REQUESTS: &[u8] = b"POST /u HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data; boundary=B\r\nTransfer-Encoding: chunked\r\n\r\n\
    44\r\n--B\r\nContent-Disposition: form-data; name=f; filename=\"a.txt\"\r\n\r\ndata\r\n8\r\nmore\r\n--\r\n5\r\nB--\r\n\r\n0\r\n\r\nGET /2 HTTP/1.0\r\n\r\n";
const RESPONSES: &[u8] = b"\r\nHTTP/1.1 200 OK\rX: 1\n\rTransfer-Encoding: chunked\r\nContent-Encoding: deflate\r\n\t\r\n\
    4\r\nabcd\r\n3 ;x\r\nefg\r\n0\r\n\r\nHTTP/1.0 200 \r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello and more HTTP/1.1 301 Moved\r\nLocation: /x\r\n\r\nno chunk";

#[test]
fn any_split_gives_the_same() {
    split_anywhere(room, Side::Originator, REQUESTS);
    split_anywhere(room, Side::Responder, RESPONSES);
}

proptest! {
    #[test]
    fn nothing_panics(data in proptest::collection::vec(any::<u8>(), 0..300), at in 0usize..400, byte: u8, cut in 0usize..400) {
        for (side, stream) in [(Side::Originator, REQUESTS), (Side::Responder, RESPONSES)] {
            let mut mutated = stream.to_vec();
            if let Some(slot) = mutated.get_mut(at) { *slot = byte; }
            for stream in [data.as_slice(), &mutated] {
                let (mut room, mut sink) = (Conversation::default(), Recorder::default());
                sink.detail = Detail { http_headers: true, ..Detail::default() };
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
