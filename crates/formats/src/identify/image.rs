//! Images, fonts and drawings with a short beginning.

use crate::bytes::{has, slice, u8_at, u16_be, u16_le, u32_be, u32_le};
use crate::kind::Kind;

/// A bitmap: `BM`, and behind the file header one of the sizes its second header has had.
pub fn bmp(bytes: &[u8]) -> Option<Kind> {
    matches!(u32_le(bytes, 14)?, 12 | 16 | 40 | 52 | 56 | 64 | 78 | 108 | 124).then_some(Kind::Bmp)
}

/// Canon's raw images are TIFF with a second magic.
pub fn tiff(bytes: &[u8]) -> Option<Kind> {
    Some(if has(bytes, 8, b"CR\x02") { Kind::Cr2 } else { Kind::Tiff })
}

/// An icon or a cursor: its first image lies inside the file and behind the directory.
pub fn icon(bytes: &[u8]) -> Option<Kind> {
    let count = usize::from(u16_le(bytes, 4)?);
    let (size, at) = (u32_le(bytes, 14)? as usize, u32_le(bytes, 18)? as usize);
    let kind = if u8_at(bytes, 2)? == 1 { Kind::Ico } else { Kind::Cur };
    let sound = count > 0 && u8_at(bytes, 9)? == 0 && at >= 6 + count * 16 && size >= 40 && at < bytes.len();
    sound.then_some(kind)
}

/// A metafile of Windows since NT has its letters at the 41st byte.
pub fn emf(bytes: &[u8]) -> Option<Kind> {
    has(bytes, 40, b" EMF").then_some(Kind::Emf)
}

/// A bare code stream of JPEG XL: two bytes, and then a header of bits that no text has.
pub fn jpeg_xl(bytes: &[u8]) -> Option<Kind> {
    let head = slice(bytes, 2, 16)?;
    head.iter().any(|byte| *byte >= 0x80).then_some(Kind::JpegXl)
}

/// PCX: version, run length encoding, and the bits of a pixel.
pub fn pcx(bytes: &[u8]) -> Option<Kind> {
    let [_, version, encoding, bits] = *slice(bytes, 0, 4)? else { return None };
    let (left, top) = (u16_le(bytes, 4)?, u16_le(bytes, 6)?);
    let (right, bottom) = (u16_le(bytes, 8)?, u16_le(bytes, 10)?);
    let sound = version <= 5 && encoding <= 1 && matches!(bits, 1 | 2 | 4 | 8) && left <= right && top <= bottom;
    (sound && u8_at(bytes, 64)? == 0).then_some(Kind::Pcx)
}

/// The portable maps of Netpbm: `P`, a digit, white space, comments, and a number.
pub fn pnm(bytes: &[u8]) -> Option<Kind> {
    let (digit, after) = (u8_at(bytes, 1)?, u8_at(bytes, 2)?);
    if !after.is_ascii_whitespace() {
        return None;
    }
    let rest = crate::bytes::head(bytes.get(3..)?, 1024);
    let first = rest
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .find(|line| !line.is_empty() && !line.starts_with(b"#"))?;
    let known = match digit {
        b'1'..=b'6' => {
            let mut numbers = first.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).take(3);
            numbers.all(|word| word.iter().all(u8::is_ascii_digit))
        }
        b'7' => first.starts_with(b"WIDTH ") || first.starts_with(b"HEIGHT "),
        _ => false,
    };
    known.then_some(Kind::Pnm)
}

pub fn dds(bytes: &[u8]) -> Option<Kind> {
    (u32_le(bytes, 4)? == 124).then_some(Kind::Dds)
}

/// Silicon Graphics' images: packed or not, bytes of a channel, and one to three dimensions.
pub fn sgi(bytes: &[u8]) -> Option<Kind> {
    let sound = u8_at(bytes, 2)? <= 1 && matches!(u8_at(bytes, 3)?, 1 | 2) && (1..=3).contains(&u16_be(bytes, 4)?);
    sound.then_some(Kind::Sgi)
}

/// The letters at the end of a Targa image, which has none in front.
pub fn targa(bytes: &[u8]) -> Option<Kind> {
    let footer = bytes.len().checked_sub(18)?;
    has(bytes, footer, b"TRUEVISION-XFILE.\0").then_some(Kind::Tga)
}

/// Outlines of TrueType, or a database of Microsoft Access, which begin alike.
pub fn true_type_or_jet(bytes: &[u8]) -> Option<Kind> {
    let tables = u16_be(bytes, 4)?;
    let tag = slice(bytes, 12, 4)?;
    let named = tag.iter().all(|byte| byte.is_ascii_alphanumeric() || b" /-".contains(byte));
    if (1..=64).contains(&tables) && named {
        return Some(Kind::Ttf);
    }
    let jet = has(bytes, 4, b"Standard Jet DB") || has(bytes, 4, b"MSISAM Database");
    if jet {
        return Some(Kind::Mdb);
    }
    has(bytes, 4, b"Standard ACE DB").then_some(Kind::Accdb)
}

/// A printer's font in binary: a segment of text, which begins as PostScript does.
pub fn printer_font(bytes: &[u8]) -> Option<Kind> {
    has(bytes, 6, b"%!").then_some(Kind::Type1)
}

/// A font of the Linux console: its modes, and so many bytes for each of 256 or 512 letters.
pub fn console_font(bytes: &[u8]) -> Option<Kind> {
    let (mode, height) = (u8_at(bytes, 2)?, usize::from(u8_at(bytes, 3)?));
    let letters = if mode & 1 == 1 { 512 } else { 256 };
    (mode <= 7 && (1..=64).contains(&height) && bytes.len() >= 4 + letters * height).then_some(Kind::Psf)
}

/// An embedded font: its own size, one of three versions, and letters at the 35th byte.
pub fn embedded_font(bytes: &[u8]) -> Option<Kind> {
    let known = matches!(u32_le(bytes, 8)?, 0x0001_0000 | 0x0002_0001 | 0x0002_0002);
    (known && u32_le(bytes, 0)? as usize == bytes.len()).then_some(Kind::Eot)
}

/// A drawing of AutoCAD: four digits of a version, or in the oldest a dot.
pub fn dwg(bytes: &[u8]) -> Option<Kind> {
    let version = slice(bytes, 3, 3)?;
    let digits = version.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    (digits && !u8_at(bytes, 6)?.is_ascii_graphic()).then_some(Kind::Dwg)
}

pub fn gltf(bytes: &[u8]) -> Option<Kind> {
    matches!(u32_le(bytes, 4)?, 1 | 2).then_some(Kind::Gltf)
}

/// A surface in binary: a title, a number of triangles, and 50 bytes for each.
pub fn stl(bytes: &[u8]) -> Option<Kind> {
    let triangles = u64::from(u32_le(bytes, 80)?);
    (triangles > 0 && 84 + triangles * 50 == bytes.len() as u64).then_some(Kind::Stl)
}

/// A Targa image without letters at its end: types, a depth, and a size that make sense together.
pub fn targa_old(bytes: &[u8]) -> Option<Kind> {
    let (map, kind) = (u8_at(bytes, 1)?, u8_at(bytes, 2)?);
    let types = matches!((map, kind), (1, 1 | 9) | (0, 2 | 3 | 10 | 11));
    let depth = u8_at(bytes, 16)?;
    let (width, height) = (usize::from(u16_le(bytes, 12)?), usize::from(u16_le(bytes, 14)?));
    let unpacked = width * height * usize::from(depth / 8);
    let fits = if kind < 8 { unpacked + 18 <= bytes.len() } else { bytes.len() > 18 };
    let sound = width > 0 && height > 0 && matches!(depth, 8 | 16 | 24 | 32) && u8_at(bytes, 17)? & 0xc0 == 0;
    // Without a colour map its three fields are zero.
    let unused = map == 1 || u32_be(bytes, 3) == Some(0) && u8_at(bytes, 7)? == 0;
    (types && sound && unused && fits && kind < 8).then_some(Kind::Tga)
}
