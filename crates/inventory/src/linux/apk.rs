//! The list of packages that Alpine's apk keeps (`/lib/apk/db/installed`): one letter, a colon, a value.

use super::{Package, Reading, dpkg::PACKAGES_MAX, lines, some};

/// Reads the list.
pub fn read(bytes: &[u8]) -> Reading<Vec<Package>> {
    let mut reading = Reading::<Vec<Package>>::default();
    let mut package = Package::default();
    let mut first = 0;
    for (number, line) in lines(bytes) {
        let Some((key, text)) = line.split_first_chunk::<2>().map(|(key, text)| (*key, some(text))) else {
            if !close(std::mem::take(&mut package), first, &mut reading) {
                return reading;
            }
            continue;
        };
        match &key {
            b"P:" => {
                first = number;
                package.name = text.unwrap_or_default();
            }
            b"V:" => package.version = text.unwrap_or_default(),
            b"A:" => package.architecture = text,
            b"o:" => package.source = text,
            [_, b':'] => {}
            _ => reading.odd("linux.no-field", number),
        }
    }
    if package != Package::default() && !bytes.ends_with(b"\n") {
        reading.odd("linux.cut", first);
    }
    close(package, first, &mut reading);
    reading
}

/// False when there is no more room.
fn close(mut package: Package, first: u64, reading: &mut Reading<Vec<Package>>) -> bool {
    if package == Package::default() {
        return true;
    }
    if package.name.is_empty() || package.version.is_empty() {
        reading.odd("linux.no-name", first);
        return true;
    }
    package.source = package.source.filter(|source| *source != package.name);
    "apk".clone_into(&mut package.manager);
    reading.push(package, PACKAGES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSTALLED: &str = "C:Q1p78yvTLG094tHE1+dToJGbmYzQE=\nP:musl\nV:1.2.5-r0\nA:x86_64\nS:383459\no:musl\nF:lib\nR:ld-musl-x86_64.so.1\na:0:0:755\n\n\
        C:Q1\nP:libssl3\nV:3.3.2-r0\nA:x86_64\no:openssl\n\n";

    #[test]
    fn packages_are_listed_with_what_they_were_built_from() {
        let reading = read(INSTALLED.as_bytes());
        let shown: Vec<_> =
            reading.value.iter().map(|p| (p.name.as_str(), p.version.as_str(), p.source.as_deref())).collect();
        assert_eq!(shown, [("musl", "1.2.5-r0", None), ("libssl3", "3.3.2-r0", Some("openssl"))]);
        assert!(reading.oddities.is_empty(), "{:?}", reading.oddities);
    }

    #[test]
    fn a_list_that_breaks_off_is_told() {
        let cut = read(&INSTALLED.as_bytes()[..INSTALLED.len() - 3]);
        assert_eq!(cut.oddities[0].message.code, "linux.cut");
        for end in 0..INSTALLED.len() {
            assert!(read(&INSTALLED.as_bytes()[..end]).value.len() <= 2);
        }
    }
}
