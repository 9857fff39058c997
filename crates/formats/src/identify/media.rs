//! Sound and film: containers say in a second field what they hold, and bare streams are followed to a second frame.

use crate::bytes::{contains, has, head, slice, u8_at, u16_be, u32_be, u32_le};
use crate::kind::Kind;

/// A film of Flash: the version is small, the size not smaller than a header.
pub fn swf(bytes: &[u8]) -> Option<Kind> {
    ((1..=60).contains(&u8_at(bytes, 3)?) && u32_le(bytes, 4)? >= 20).then_some(Kind::Swf)
}

pub fn riff(bytes: &[u8]) -> Option<Kind> {
    Some(match slice(bytes, 8, 4)? {
        b"WAVE" => Kind::Wav,
        b"AVI " => Kind::Avi,
        b"WEBP" => Kind::WebP,
        b"ACON" => Kind::Ani,
        b"RMID" => Kind::Midi,
        b"sfbk" => Kind::SoundFont,
        b"CDXA" => Kind::MpegPs,
        form if form.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ') => Kind::Riff,
        _ => return None,
    })
}

pub fn iff(bytes: &[u8]) -> Option<Kind> {
    Some(match slice(bytes, 8, 4)? {
        b"AIFF" | b"AIFC" => Kind::Aiff,
        form if u8_at(bytes, 4)? == 0 && form.iter().all(u8::is_ascii_graphic) => Kind::Iff,
        _ => return None,
    })
}

/// Tags of ID3v2 stand in front of several formats; behind them stands which.
pub fn id3(bytes: &[u8]) -> Option<Kind> {
    let size = slice(bytes, 6, 4)?.iter().fold(0_usize, |size, byte| size << 7 | usize::from(byte & 0x7f));
    let rest = bytes.get(size + 10..).unwrap_or_default();
    Some(match rest {
        [b'f', b'L', b'a', b'C', ..] => Kind::Flac,
        [b'M', b'A', b'C', b' ', ..] => Kind::Ape,
        [0xff, second, ..] if second & 0xf6 == 0xf0 => Kind::Aac,
        _ if u8_at(bytes, 3)? < 0xff => Kind::Mp3,
        _ => return None,
    })
}

/// Kilobits a second of MPEG 1 and 2, layer III, II and I.
const BIT_RATES: [[u16; 15]; 5] = [
    [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
    [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
];

/// Frames of MPEG audio or AAC: the first says how long it is, and the next must stand there.
pub fn mpeg_audio(bytes: &[u8]) -> Option<Kind> {
    let second = u8_at(bytes, 1)?;
    if second & 0xf6 == 0xf0 {
        let length = adts_length(bytes, 0)?;
        return (adts_length(bytes, length).is_some() || length == bytes.len()).then_some(Kind::Aac);
    }
    let length = frame_length(bytes, 0)?;
    let next = frame_length(bytes, length).is_some() || length >= bytes.len() && bytes.len() > 64;
    next.then_some(Kind::Mp3)
}

fn adts_length(bytes: &[u8], at: usize) -> Option<usize> {
    let [0xff, second, third, fourth, fifth, sixth] = *slice(bytes, at, 6)? else { return None };
    let rate = third >> 2 & 15;
    let length = usize::from(fourth & 3) << 11 | usize::from(fifth) << 3 | usize::from(sixth) >> 5;
    (second & 0xf6 == 0xf0 && rate < 13 && length > 7).then_some(length)
}

pub fn frame_length(bytes: &[u8], at: usize) -> Option<usize> {
    let [0xff, second, third, _] = *slice(bytes, at, 4)? else { return None };
    let (version, layer) = (second >> 3 & 3, second >> 1 & 3);
    if second & 0xe0 != 0xe0 || version == 1 || layer == 0 {
        return None;
    }
    let first_version = version == 3;
    let table = match (first_version, layer) {
        (true, 1) => 0,
        (true, 2) => 1,
        (true, _) => 2,
        (false, 1 | 2) => 3,
        (false, _) => 4,
    };
    let rate = usize::from(*BIT_RATES.get(table)?.get(usize::from(third >> 4))?) * 1000;
    let halved = match version {
        3 => 0,
        2 => 1,
        _ => 2,
    };
    let samples = [44_100, 48_000, 32_000].get(usize::from(third >> 2 & 3))? >> halved;
    let padding = usize::from(third >> 1 & 1);
    let length = match layer {
        3 => (12 * rate / samples + padding) * 4,
        1 if !first_version => 72 * rate / samples + padding,
        _ => 144 * rate / samples + padding,
    };
    (length > 4).then_some(length)
}

/// A page of Ogg, by the codec of its first packet.
pub fn ogg(bytes: &[u8]) -> Option<Kind> {
    let first = slice(bytes, 28, 8).unwrap_or_default();
    let film = first.starts_with(b"\x80theora") || first.starts_with(b"fishead") || first.starts_with(b"BBCD");
    Some(if film { Kind::Ogv } else { Kind::Ogg })
}

/// Monkey's Audio: a version of thousands.
pub fn ape(bytes: &[u8]) -> Option<Kind> {
    (3_000..5_000).contains(&crate::bytes::u16_le(bytes, 4)?).then_some(Kind::Ape)
}

/// Dolby Digital: a sample rate and a frame size that there are, or the version of the newer form.
pub fn ac3(bytes: &[u8]) -> Option<Kind> {
    let (rate, version) = (u8_at(bytes, 4)?, u8_at(bytes, 5)? >> 3);
    let newer = (11..=16).contains(&version);
    (newer || rate >> 6 != 3 && rate & 0x3f < 38 && version <= 10).then_some(Kind::Ac3)
}

/// Matroska or WebM: the type is an element of the header (RFC 8794).
pub fn ebml(bytes: &[u8]) -> Option<Kind> {
    let header = head(bytes, 128);
    if contains(header, b"\x42\x82") && contains(header, b"webm") {
        return Some(Kind::WebM);
    }
    Some(if contains(header, b"matroska") { Kind::Mkv } else { Kind::Ebml })
}

/// Packets of a transport stream begin with the same byte every 188 bytes.
pub fn mpeg_ts(bytes: &[u8]) -> Option<Kind> {
    (1..4).all(|packet| u8_at(bytes, packet * 188) == Some(0x47)).then_some(Kind::MpegTs)
}

/// The same with a time of four bytes in front of each packet, as Blu-ray has it.
pub fn mpeg_m2ts(bytes: &[u8]) -> Option<Kind> {
    (0..4).all(|packet| u8_at(bytes, 4 + packet * 192) == Some(0x47)).then_some(Kind::MpegTs)
}

pub fn bink(bytes: &[u8]) -> Option<Kind> {
    (u8_at(bytes, 3)?.is_ascii_lowercase() && u32_le(bytes, 4)? as usize <= bytes.len()).then_some(Kind::Bink)
}

/// Modules of trackers have a title of printable letters and zeros.
pub fn tracker(bytes: &[u8]) -> Option<Kind> {
    let title = slice(bytes, 0, 20)?;
    title.iter().all(|byte| *byte == 0 || *byte >= 0x20).then_some(Kind::Tracker)
}

/// The ISO base media format (ISO/IEC 14496-12): the major brand, and where that says little the compatible ones.
pub fn iso_media(bytes: &[u8]) -> Option<Kind> {
    let size = u32_be(bytes, 0)? as usize;
    let brands = slice(bytes, 8, size.clamp(16, 256).min(bytes.len()) - 8)?;
    let major = brands.first_chunk::<4>()?;
    let compatible = |brand: &[u8; 4]| brands.chunks_exact(4).skip(2).any(|other| other == brand);
    Some(match major {
        b"qt  " => Kind::QuickTime,
        b"M4A " | b"M4B " | b"M4P " => Kind::M4a,
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" => Kind::Heic,
        b"avif" | b"avis" => Kind::Avif,
        b"mif1" | b"msf1" | b"miaf" if compatible(b"avif") || compatible(b"avis") => Kind::Avif,
        b"mif1" | b"msf1" | b"miaf" => Kind::Heic,
        b"crx " => Kind::Cr3,
        b"jp2 " | b"jpx " | b"jpm " | b"mjp2" => Kind::Jp2,
        b"jxl " => Kind::JpegXl,
        [b'3', b'g', ..] => Kind::ThreeGp,
        b"kddi" => Kind::ThreeGp,
        _ => Kind::Mp4,
    })
}

/// QuickTime before it named itself: atoms whose sizes lead to one another.
pub fn quick_time(bytes: &[u8]) -> Option<Kind> {
    let size = u32_be(bytes, 0)? as usize;
    if size == 1 {
        let long = has(bytes, 4, b"mdat") || has(bytes, 4, b"moov");
        return long.then_some(Kind::QuickTime);
    }
    let name = slice(bytes, size.max(8) + 4, 4);
    let followed = name.is_some_and(|name| name.iter().all(u8::is_ascii_alphanumeric));
    (size >= 8 && (followed || size == bytes.len())).then_some(Kind::QuickTime)
}

/// Pictures of a stream of MPEG video begin with three bytes that nothing else there has; H.264 begins so as well.
pub fn elementary(bytes: &[u8]) -> Option<Kind> {
    let start = has(bytes, 0, &[0, 0, 1]) && matches!(u8_at(bytes, 3)?, 0xb0 | 0xb5 | 0xb7);
    (start && u16_be(bytes, 4).is_some()).then_some(Kind::MpegPs)
}
