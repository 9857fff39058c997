//! The compact file form of a catalogue.
//!
//! ```text
//! 8   magic `RDTCATLG`
//! 4   format version, little endian
//! 4   length of the packed payload
//! 4   length of the plain payload
//! 32  SHA-256 of the packed payload
//! …   payload: zstd over columns of LEB128 numbers; ids are stored as differences
//! ```
//! Reading trusts nothing: lengths meet named limits, counts meet the bytes that are left, indexes meet their tables.

use super::graph::Graph;
use super::{Catalogue, Cve, CveNumber, Fix, Impact, NO_UPDATE, Product, ServicePack, Update, product};
use jiff::civil::Date;
use model::{KbId, Severity};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

const MAGIC: &[u8; 8] = b"RDTCATLG";
const VERSION: u32 = 1;
const HEADER_BYTES: usize = 8 + 4 + 4 + 4 + 32;
const PLAIN_BYTES_MAX: usize = 64 << 20;
const TEXT_BYTES_MAX: usize = 4096;
/// zstd's highest sensible level: packing is rare, the file is shipped.
const LEVEL: i32 = 19;

/// Why bytes are no catalogue.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CatalogueError {
    #[error("not a catalogue file")]
    NotACatalogue,
    #[error("catalogue format `{0}` is not known here")]
    Version(u32),
    #[error("the catalogue is cut off or has bytes too many")]
    Length,
    #[error("the catalogue's checksum differs")]
    Checksum,
    #[error("the catalogue is larger than `{0}` bytes")]
    TooLarge(usize),
    #[error("the catalogue's content is damaged at `{0}`")]
    Damaged(&'static str),
}

use CatalogueError::Damaged;

impl Catalogue {
    /// The file form; the same catalogue gives the same bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CatalogueError> {
        let plain = self.columns();
        if plain.len() > PLAIN_BYTES_MAX {
            return Err(CatalogueError::TooLarge(PLAIN_BYTES_MAX));
        }
        let packed = zstd::bulk::compress(&plain, LEVEL).map_err(|_| Damaged("packing"))?;
        let mut bytes = Vec::with_capacity(HEADER_BYTES + packed.len());
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&(packed.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&(plain.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&Sha256::digest(&packed));
        bytes.extend_from_slice(&packed);
        Ok(bytes)
    }

    /// Reads the file form.
    pub fn from_bytes(bytes: &[u8]) -> Result<Catalogue, CatalogueError> {
        let plain = unpack(bytes)?;
        let mut input = Input { rest: &plain };
        let catalogue = read_columns(&mut input)?;
        if input.rest.is_empty() { Ok(catalogue) } else { Err(CatalogueError::Length) }
    }

    fn columns(&self) -> Vec<u8> {
        let mut out = Output::default();
        out.date(self.as_of);
        out.texts(self.sources.iter());
        out.texts(self.components.iter());
        out.texts(self.products.iter().map(|product| &product.name));
        out.rising(self.updates.iter().map(|update| update.kb.0));
        self.updates.iter().for_each(|update| out.date(update.posted));
        out.rising(self.cves.iter().map(|cve| cve.number.0));
        self.cves.iter().for_each(|cve| out.number(severity_code(cve.severity)));
        self.cves.iter().for_each(|cve| out.number(impact_code(cve.impact)));
        self.cves.iter().for_each(|cve| out.number(cve.exploit_known.into()));
        self.cves.iter().for_each(|cve| out.date(cve.posted));
        self.products.iter().for_each(|product| out.number(product.fixes.len() as u64));
        self.fix_columns(&mut out);
        out.number(self.supersedes.edge_count() as u64);
        let (mut last_from, mut last_to) = (0, 0);
        for (from, to) in self.supersedes.edges() {
            out.number((from - last_from).into());
            out.signed(i64::from(to) - i64::from(last_to));
            (last_from, last_to) = (from, to);
        }
        out.number(self.service_packs.len() as u64);
        for pack in &self.service_packs {
            out.text(&pack.id);
            out.text(&pack.on);
            out.number(pack.kb.map_or(0, |kb| kb.0.into()));
            out.texts(pack.replaces.iter());
        }
        out.bytes
    }

    fn fix_columns(&self, out: &mut Output) {
        let of_products = || self.products.iter().map(|product| self.fixes.get(product.fixes.clone()).unwrap_or(&[]));
        for fixes in of_products() {
            let mut last = 0;
            for fix in fixes {
                out.number((fix.cve - last).into());
                last = fix.cve;
            }
        }
        for fixes in of_products() {
            let mut last = 0;
            for fix in fixes {
                // 0 stands for "no update", so the table's indexes move up by one.
                let update = fix.update.wrapping_add(1);
                out.signed(i64::from(update) - i64::from(last));
                last = update;
            }
        }
        self.fixes.iter().for_each(|fix| out.number(fix.component.into()));
    }
}

fn unpack(bytes: &[u8]) -> Result<Vec<u8>, CatalogueError> {
    let rest = bytes.strip_prefix(MAGIC).ok_or(CatalogueError::NotACatalogue)?;
    let mut header = Input { rest };
    let version = header.word()?;
    if version != VERSION {
        return Err(CatalogueError::Version(version));
    }
    let (packed_len, plain_len) = (header.word()? as usize, header.word()? as usize);
    let digest = header.take(32)?;
    if plain_len > PLAIN_BYTES_MAX {
        return Err(CatalogueError::TooLarge(PLAIN_BYTES_MAX));
    }
    if header.rest.len() != packed_len {
        return Err(CatalogueError::Length);
    }
    if Sha256::digest(header.rest).as_slice() != digest {
        return Err(CatalogueError::Checksum);
    }
    // The frame says its own size; believe neither before they agree.
    let said = zstd::zstd_safe::get_frame_content_size(header.rest).ok().flatten();
    if said != Some(plain_len as u64) {
        return Err(CatalogueError::Length);
    }
    let plain = zstd::bulk::decompress(header.rest, plain_len).map_err(|_| Damaged("zstd"))?;
    if plain.len() == plain_len { Ok(plain) } else { Err(CatalogueError::Length) }
}

fn read_columns(input: &mut Input) -> Result<Catalogue, CatalogueError> {
    let as_of = input.date()?;
    let sources = input.texts()?.into_iter().collect();
    let components = input.texts()?;
    let names = input.texts()?;
    let kbs = input.rising("updates")?;
    let updates = kbs
        .into_iter()
        .map(|kb| Ok(Update { kb: KbId(kb), posted: input.date()? }))
        .collect::<Result<Vec<_>, CatalogueError>>()?;
    let cves = read_cves(input)?;
    let lengths = (0..names.len()).map(|_| input.count()).collect::<Result<Vec<_>, _>>()?;
    let fixes = read_fixes(input, &lengths, updates.len(), cves.len(), components.len())?;
    let mut start = 0;
    let products = names.into_iter().zip(&lengths).map(|(name, length)| {
        let fixes = start..start + length;
        start += length;
        Product { parsed: product::parse(&name), name, fixes }
    });
    let products: Vec<Product> = products.collect();
    if !products.is_sorted_by(|a, b| a.name.to_lowercase() < b.name.to_lowercase()) {
        return Err(Damaged("products"));
    }
    let supersedes = read_edges(input, updates.len())?;
    let service_packs = read_service_packs(input)?;
    Ok(Catalogue {
        as_of,
        sources,
        updates,
        cves,
        products,
        components,
        fixes,
        supersedes,
        service_packs,
        ..Catalogue::default()
    })
}

fn read_cves(input: &mut Input) -> Result<Vec<Cve>, CatalogueError> {
    let numbers = input.rising("vulnerabilities")?;
    let mut cves: Vec<Cve> = numbers
        .into_iter()
        .map(|number| Cve {
            number: CveNumber(number),
            severity: None,
            impact: None,
            exploit_known: false,
            posted: None,
        })
        .collect();
    for cve in &mut cves {
        cve.severity = severity_from(input.number()?)?;
    }
    for cve in &mut cves {
        cve.impact = impact_from(input.number()?)?;
    }
    for cve in &mut cves {
        cve.exploit_known = input.number()? != 0;
    }
    for cve in &mut cves {
        cve.posted = input.date()?;
    }
    Ok(cves)
}

fn read_fixes(
    input: &mut Input,
    lengths: &[usize],
    updates: usize,
    cves: usize,
    components: usize,
) -> Result<Vec<Fix>, CatalogueError> {
    // Each fix takes three bytes or more, so a count beyond the bytes that are left is a lie.
    let total = lengths.iter().try_fold(0usize, |sum, length| sum.checked_add(*length)).ok_or(Damaged("fixes"))?;
    if total > input.rest.len() / 3 {
        return Err(Damaged("fixes"));
    }
    let mut fixes = Vec::with_capacity(total);
    for length in lengths {
        let mut cve = 0u64;
        for _ in 0..*length {
            cve = cve.checked_add(input.number()?).filter(|cve| *cve < cves as u64).ok_or(Damaged("fixes"))?;
            fixes.push(Fix { cve: cve as u32, update: NO_UPDATE, component: 0 });
        }
    }
    let mut rest = fixes.as_mut_slice();
    for length in lengths {
        let (of_product, more) = rest.split_at_mut(*length);
        let mut update = 0i64;
        for fix in of_product {
            update = update.checked_add(input.signed()?).ok_or(Damaged("fixes"))?;
            if !(0..=updates as i64).contains(&update) {
                return Err(Damaged("fixes"));
            }
            fix.update = (update as u32).wrapping_sub(1);
        }
        rest = more;
    }
    for fix in &mut fixes {
        let component = input.number()?;
        fix.component = u16::try_from(component).map_err(|_| Damaged("components"))?;
        if usize::from(fix.component) > components {
            return Err(Damaged("components"));
        }
    }
    Ok(fixes)
}

fn read_edges(input: &mut Input, updates: usize) -> Result<Graph, CatalogueError> {
    let count = input.count()?;
    let mut edges = Vec::with_capacity(count);
    let (mut from, mut to) = (0u64, 0i64);
    for _ in 0..count {
        from = from.checked_add(input.number()?).ok_or(Damaged("supersedence"))?;
        to = to.checked_add(input.signed()?).ok_or(Damaged("supersedence"))?;
        if from >= updates as u64 || !(0..updates as i64).contains(&to) {
            return Err(Damaged("supersedence"));
        }
        edges.push((from as u32, to as u32));
    }
    if !edges.is_sorted_by(|a, b| a < b) {
        return Err(Damaged("supersedence"));
    }
    Ok(Graph::new(updates, &edges))
}

fn read_service_packs(input: &mut Input) -> Result<BTreeSet<ServicePack>, CatalogueError> {
    let count = input.count()?;
    (0..count)
        .map(|_| {
            let (id, on) = (input.text()?, input.text()?);
            let kb = u32::try_from(input.number()?).map_err(|_| Damaged("service packs"))?;
            let replaces = input.texts()?.into_iter().collect();
            Ok(ServicePack { id, on, kb: (kb > 0).then_some(KbId(kb)), replaces })
        })
        .collect()
}

fn severity_code(severity: Option<Severity>) -> u64 {
    match severity {
        None => 0,
        Some(Severity::Info) => 1,
        Some(Severity::Low) => 2,
        Some(Severity::Moderate) => 3,
        Some(Severity::Important) => 4,
        Some(Severity::Critical) => 5,
    }
}

fn severity_from(code: u64) -> Result<Option<Severity>, CatalogueError> {
    use Severity::*;
    let all = [None, Some(Info), Some(Low), Some(Moderate), Some(Important), Some(Critical)];
    all.get(code as usize).copied().ok_or(Damaged("severities"))
}

const IMPACTS: [Impact; 8] = [
    Impact::DefenseInDepth,
    Impact::Tampering,
    Impact::Spoofing,
    Impact::DenialOfService,
    Impact::InformationDisclosure,
    Impact::SecurityFeatureBypass,
    Impact::ElevationOfPrivilege,
    Impact::RemoteCodeExecution,
];

fn impact_code(impact: Option<Impact>) -> u64 {
    impact.and_then(|impact| IMPACTS.iter().position(|one| *one == impact)).map_or(0, |at| at as u64 + 1)
}

fn impact_from(code: u64) -> Result<Option<Impact>, CatalogueError> {
    match code {
        0 => Ok(None),
        _ => IMPACTS.get(code as usize - 1).copied().map(Some).ok_or(Damaged("impacts")),
    }
}

#[derive(Default)]
struct Output {
    bytes: Vec<u8>,
}

impl Output {
    fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    /// Zigzag: small numbers of either sign stay short.
    fn signed(&mut self, value: i64) {
        self.number(((value << 1) ^ (value >> 63)) as u64);
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn texts<'a>(&mut self, texts: impl ExactSizeIterator<Item = &'a String>) {
        self.number(texts.len() as u64);
        texts.for_each(|text| self.text(text));
    }

    fn rising(&mut self, values: impl ExactSizeIterator<Item = u32>) {
        self.number(values.len() as u64);
        let mut last = 0;
        for value in values {
            self.number((value - last).into());
            last = value;
        }
    }

    /// Days from 1980-01-01 plus one; 0 for none. The catalogue has no earlier ones.
    fn date(&mut self, date: Option<Date>) {
        let days =
            date.and_then(|date| date.since((jiff::Unit::Day, EPOCH)).ok()).map_or(0, |span| span.get_days() + 1);
        self.number(u64::try_from(days).unwrap_or(0));
    }
}

const EPOCH: Date = jiff::civil::date(1980, 1, 1);

struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], CatalogueError> {
        let (head, rest) = self.rest.split_at_checked(length).ok_or(CatalogueError::Length)?;
        self.rest = rest;
        Ok(head)
    }

    fn word(&mut self) -> Result<u32, CatalogueError> {
        let (head, rest) = self.rest.split_first_chunk::<4>().ok_or(CatalogueError::Length)?;
        self.rest = rest;
        Ok(u32::from_le_bytes(*head))
    }

    fn number(&mut self) -> Result<u64, CatalogueError> {
        let mut value = 0;
        for shift in (0..63).step_by(7) {
            let (&byte, rest) = self.rest.split_first().ok_or(CatalogueError::Length)?;
            self.rest = rest;
            value |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Damaged("number"))
    }

    fn signed(&mut self) -> Result<i64, CatalogueError> {
        let value = self.number()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// A count of things that take at least a byte each.
    fn count(&mut self) -> Result<usize, CatalogueError> {
        let count = self.number()?;
        usize::try_from(count).ok().filter(|count| *count <= self.rest.len()).ok_or(Damaged("count"))
    }

    fn text(&mut self) -> Result<String, CatalogueError> {
        let length = self.count()?;
        if length > TEXT_BYTES_MAX {
            return Err(Damaged("text"));
        }
        String::from_utf8(self.take(length)?.to_vec()).map_err(|_| Damaged("text"))
    }

    fn texts(&mut self) -> Result<Vec<String>, CatalogueError> {
        let count = self.count()?;
        (0..count).map(|_| self.text()).collect()
    }

    fn rising(&mut self, what: &'static str) -> Result<Vec<u32>, CatalogueError> {
        let count = self.count()?;
        let mut values: Vec<u32> = Vec::with_capacity(count);
        for _ in 0..count {
            let last = values.last().copied();
            let step = u32::try_from(self.number()?).map_err(|_| Damaged(what))?;
            let value = last.unwrap_or(0).checked_add(step).filter(|value| last.is_none_or(|last| last < *value));
            values.push(value.ok_or(Damaged(what))?);
        }
        Ok(values)
    }

    fn date(&mut self) -> Result<Option<Date>, CatalogueError> {
        match self.number()? {
            0 => Ok(None),
            days => {
                let days = i64::try_from(days - 1).ok().and_then(|days| jiff::Span::new().try_days(days).ok());
                days.and_then(|days| EPOCH.checked_add(days).ok()).map(Some).ok_or(Damaged("date"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A file whose checksum is right and whose content is not: what an attacker would write.
    fn sealed(plain: &[u8], said: usize) -> Vec<u8> {
        let packed = zstd::bulk::compress(plain, 1).unwrap();
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&(packed.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&(said as u32).to_le_bytes());
        bytes.extend_from_slice(&Sha256::digest(&packed));
        bytes.extend_from_slice(&packed);
        bytes
    }

    #[test]
    fn a_length_that_lies_is_refused_before_anything_is_unpacked() {
        assert_eq!(Catalogue::from_bytes(&sealed(b"abc", 4)).unwrap_err(), CatalogueError::Length);
        let huge = Catalogue::from_bytes(&sealed(b"abc", PLAIN_BYTES_MAX + 1)).unwrap_err();
        assert_eq!(huge, CatalogueError::TooLarge(PLAIN_BYTES_MAX));
    }

    #[test]
    fn a_count_that_lies_is_refused() {
        for at in 0..12 {
            let mut plain = vec![0; at];
            plain.extend_from_slice(&[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F]);
            assert!(Catalogue::from_bytes(&sealed(&plain, plain.len())).is_err(), "{at}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn sealed_nonsense_is_an_error_or_a_catalogue_that_can_be_asked(
            mut changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        ) {
            let mut plain = Catalogue::from_bytes(include_bytes!("../../../../data/catalogue/microsoft.bin")).unwrap().columns();
            // The start holds the counts and names: that is where a change does most.
            for (at, value) in changes.drain(..) {
                let reach = plain.len().min(4000);
                plain[at.index(reach)] = value;
            }
            if let Ok(catalogue) = Catalogue::from_bytes(&sealed(&plain, plain.len())) {
                let query = crate::catalogue::SystemQuery { product: "Windows 8".to_owned(), ..Default::default() };
                let scope = catalogue.scope(&query);
                let _ = catalogue.open_cves(&scope, &catalogue.covered(&[KbId(4012212)])).len();
            }
        }
    }
}
