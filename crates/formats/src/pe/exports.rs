//! What a library offers to others: functions by name and by number, and those that are another library's.

use super::image::{EXPORT, Image};
use super::{facts, oddities};
use crate::bytes::{u16_le, u32_le};
use crate::exe::spelled;
use crate::{Reading, Value};

/// Numbers of exports have 16 bits.
const FUNCTIONS_MAX: usize = 1 << 16;
const TOLD_MAX: usize = 4_096;
/// Names that C++ makes of its types are long.
const NAME_BYTES_MAX: usize = 2_048;

/// Tells the exports.
pub fn read(image: &Image, reading: &mut Reading) {
    let Some(directory) = image.directory(EXPORT) else {
        for fact in [facts::EXPORTS_NAME, facts::EXPORTS] {
            fact.absent(reading);
        }
        facts::EXPORTS_COUNT.number(reading, 0_u32);
        return;
    };
    let Some(table) = image.at(directory.address, 40) else {
        facts::EXPORTS.failed(reading, oddities::TABLE_OUTSIDE.message().with("table", "export"));
        oddities::TABLE_OUTSIDE.note_with(reading, |message| message.with("table", "export"));
        return;
    };
    let field = |offset| u32_le(table, offset).unwrap_or(0);
    let functions = Functions::read(image, field(28), field(20));
    facts::EXPORTS_NAME.maybe(reading, image.text(field(12), NAME_BYTES_MAX));
    // Newer linkers fill the field up.
    let time = Some(field(4)).filter(|seconds| !matches!(*seconds, 0 | u32::MAX));
    facts::EXPORTS_TIMESTAMP.maybe(reading, time.map(|seconds| Value::Time(i64::from(seconds) * 1_000_000)));
    facts::EXPORTS_COUNT.number(reading, functions.used());
    let names = Names::read(image, field(32), field(36), field(24));
    if names.broken || functions.broken {
        oddities::TABLE_BROKEN.note_with(reading, |message| message.with("table", "export"));
    }
    let end = directory.address.saturating_add(directory.size);
    let forwards = forwards(image, &functions, &names, directory.address..end, field(16));
    let mut named = vec![false; functions.addresses.len()];
    for (_, number) in &names.entries {
        if let Some(named) = named.get_mut(usize::from(*number)) {
            *named = true;
        }
    }
    let nameless = functions.addresses.iter().zip(named).filter(|(address, named)| **address != 0 && !named).count();
    facts::EXPORTS_ORDINAL_ONLY.number(reading, nameless);
    let more = names.entries.len() > TOLD_MAX || names.more;
    let told = names.entries.iter().take(TOLD_MAX).map(|(name, _)| spelled(name)).collect();
    facts::EXPORTS.list(reading, told, more);
    let more = forwards.len() > TOLD_MAX;
    facts::EXPORTS_FORWARDS.list(reading, forwards.into_iter().take(TOLD_MAX).collect(), more);
}

struct Functions {
    addresses: Vec<u32>,
    broken: bool,
}

impl Functions {
    fn read(image: &Image, address: u32, count: u32) -> Self {
        let wanted = FUNCTIONS_MAX.min(count as usize);
        let entries = image.from(address).chunks_exact(4).take(wanted);
        let addresses: Vec<u32> = entries.filter_map(|entry| u32_le(entry, 0)).collect();
        Functions { broken: addresses.len() < count as usize, addresses }
    }

    /// Numbers in between may be left out.
    fn used(&self) -> usize {
        self.addresses.iter().filter(|address| **address != 0).count()
    }
}

#[derive(Default)]
struct Names<'a> {
    /// Each name, and which function it is of.
    entries: Vec<(&'a [u8], u16)>,
    broken: bool,
    more: bool,
}

impl<'a> Names<'a> {
    fn read(image: &Image<'a>, names: u32, numbers: u32, count: u32) -> Self {
        let wanted = FUNCTIONS_MAX.min(count as usize);
        let pairs = image.from(names).chunks_exact(4).zip(image.from(numbers).chunks_exact(2)).take(wanted);
        let entries = pairs.filter_map(|(name, number)| {
            let name = image.text_bytes(u32_le(name, 0)?, NAME_BYTES_MAX);
            Some((name, u16_le(number, 0)?))
        });
        let entries: Vec<_> = entries.collect();
        Names { broken: entries.len() < wanted, more: count as usize > FUNCTIONS_MAX, entries }
    }
}

/// A function whose address lies within the table is a text: the library and function it stands for.
fn forwards(
    image: &Image,
    functions: &Functions,
    names: &Names,
    table: std::ops::Range<u32>,
    first_number: u32,
) -> Vec<String> {
    let mut texts = Vec::new();
    let mut by_number = vec![None; functions.addresses.len()];
    for (name, number) in &names.entries {
        if let Some(place) = by_number.get_mut(usize::from(*number)) {
            *place = Some(*name);
        }
    }
    for (number, (address, name)) in (0_u32..).zip(functions.addresses.iter().zip(by_number)) {
        if texts.len() > TOLD_MAX {
            break;
        }
        if !table.contains(address) {
            continue;
        }
        let target = spelled(image.text_bytes(*address, NAME_BYTES_MAX));
        texts.push(match name {
            Some(name) => format!("{}={target}", spelled(name)),
            None => format!("#{}={target}", first_number.wrapping_add(number)),
        });
    }
    texts
}
