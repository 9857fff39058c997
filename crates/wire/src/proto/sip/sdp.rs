//! Descriptions of sessions (SDP, RFC 8866).

/// Lines of one description that are read.
const LINES_MAX: usize = 512;
/// Entries of one list that are kept.
const LIST_MAX: usize = 64;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sdp {
    pub version: Option<u32>,
    pub origin: Option<Vec<u8>>,
    pub session_name: Option<Vec<u8>>,
    pub session_info: Option<Vec<u8>>,
    pub uri: Option<Vec<u8>>,
    pub email: Option<Vec<u8>>,
    pub phone: Option<Vec<u8>>,
    pub connection: Option<Vec<u8>>,
    pub bandwidths: Vec<Vec<u8>>,
    pub times: Vec<Timing>,
    pub timezone: Option<Vec<u8>>,
    pub key: Option<Vec<u8>>,
    pub attributes: Vec<Vec<u8>>,
    pub media: Vec<Media>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timing {
    pub time: Vec<u8>,
    pub repeat: Option<Vec<u8>>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Media {
    pub media: Vec<u8>,
    pub info: Option<Vec<u8>>,
    pub bandwidths: Vec<Vec<u8>>,
    pub connection: Option<Vec<u8>>,
    pub key: Option<Vec<u8>>,
    pub attributes: Vec<Vec<u8>>,
}

/// Reads a description. `None` when it does not begin as one.
pub fn sdp(body: &[u8]) -> Option<Sdp> {
    if !body.starts_with(b"v=") {
        return None;
    }
    let mut sdp = Sdp::default();
    for line in body.split(|byte| *byte == b'\n').take(LINES_MAX) {
        if let Some((kind, b'=')) = line.first().zip(line.get(1).copied()) {
            let value = line.get(2..).unwrap_or_default();
            sdp.line(*kind, value.trim_ascii().to_vec());
        }
    }
    Some(sdp)
}

impl Sdp {
    fn line(&mut self, kind: u8, value: Vec<u8>) {
        if kind == b'm' {
            push(&mut self.media, Media { media: value, ..Media::default() });
            return;
        }
        // Behind the first media description everything is about the last one.
        if let Some(media) = self.media.last_mut() {
            match kind {
                b'i' => media.info = Some(value),
                b'c' => media.connection = Some(value),
                b'b' => push(&mut media.bandwidths, value),
                b'k' => media.key = Some(value),
                b'a' => push(&mut media.attributes, value),
                _ => {}
            }
            return;
        }
        match kind {
            b'v' => self.version = std::str::from_utf8(&value).ok().and_then(|value| value.parse().ok()),
            b'o' => self.origin = Some(value),
            b's' => self.session_name = Some(value),
            b'i' => self.session_info = Some(value),
            b'u' => self.uri = Some(value),
            b'e' => self.email = Some(value),
            b'p' => self.phone = Some(value),
            b'c' => self.connection = Some(value),
            b'b' => push(&mut self.bandwidths, value),
            b't' => push(&mut self.times, Timing { time: value, repeat: None }),
            b'r' => {
                if let Some(timing) = self.times.last_mut() {
                    timing.repeat = Some(value);
                }
            }
            b'z' => self.timezone = Some(value),
            b'k' => self.key = Some(value),
            b'a' => push(&mut self.attributes, value),
            _ => {}
        }
    }
}

fn push<T>(list: &mut Vec<T>, value: T) {
    if list.len() < LIST_MAX {
        list.push(value);
    }
}
