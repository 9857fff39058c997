//! Packages of rpm: its database `rpmdb.sqlite`, the older one `Packages`, or the list that `rpm -qa` prints.

mod berkeley;
mod header;
mod sqlite;

pub use header::FileDigest;

use super::{Package, Reading, dpkg::PACKAGES_MAX, lines, some, value};
use model::{Message, Oddity};

/// What `rpm -qa --qf` is asked for, so that [`list`] can read it: name, epoch, version, release, architecture, source
/// and vendor with tabulators between them.
pub const QUERY_FORMAT: &str =
    "%{NAME}\\t%{EPOCHNUM}\\t%{VERSION}\\t%{RELEASE}\\t%{ARCH}\\t%{SOURCERPM}\\t%{VENDOR}\\n";

/// Public keys that are trusted stand among the packages.
const KEYS: &str = "gpg-pubkey";

/// Reads a database: `rpmdb.sqlite`, where `log` is what stands in `rpmdb.sqlite-wal`, if there is one, whose pages are
/// later; or `Packages`, a hash of Berkeley DB. Which it is its content says.
pub fn database(bytes: &[u8], log: Option<&[u8]>) -> Reading<Vec<Package>> {
    let mut reading = Reading::<Vec<Package>>::default();
    let mut number = 0;
    let mut broken = Vec::new();
    let walked = headers(bytes, log, &mut |header| {
        number += 1;
        match header::package(header) {
            Some(package) if package.name == KEYS => true,
            Some(package) => reading.push(package, PACKAGES_MAX),
            None => {
                broken.push(number);
                broken.len() < PACKAGES_MAX
            }
        }
    });
    broken.into_iter().for_each(|number| reading.odd("linux.rpm-header", number));
    if let Err(why) = walked {
        let message = Message::new("linux.database").with("where", why);
        reading.oddities.push(Oddity { message, line: None });
    }
    reading
}

/// Hands over the files of all packages of a [`database`] that have something in them and lie on the disk, each with the name
/// of its package, its path, and its digest when it was installed. Of a file that two packages have the later one is theirs
/// who came later. Packages whose header is none are passed over, and counted.
///
/// # Errors
/// With what is wrong with the database, in the words of its format; what stands before that was handed over.
pub fn files(
    bytes: &[u8],
    log: Option<&[u8]>,
    take: &mut dyn FnMut(&str, &[u8], FileDigest),
) -> Result<usize, &'static str> {
    let (mut packages, mut broken) = (0, 0);
    headers(bytes, log, &mut |header| {
        packages += 1;
        broken += usize::from(header::files(header, take).is_none());
        packages < PACKAGES_MAX
    })?;
    Ok(broken)
}

fn headers(bytes: &[u8], log: Option<&[u8]>, take: &mut dyn FnMut(&[u8]) -> bool) -> Result<(), sqlite::Wrong> {
    if berkeley::is_hash(bytes) {
        return berkeley::Hash::open(bytes)?.values(take);
    }
    let mut last = |row: &[&[u8]]| row.last().is_none_or(|header| take(header));
    sqlite::Database::open(bytes, log)?.rows("Packages", &mut last)
}

/// Reads the list that `rpm -qa --qf` prints for [`QUERY_FORMAT`].
pub fn list(bytes: &[u8]) -> Reading<Vec<Package>> {
    let mut reading = Reading::<Vec<Package>>::default();
    for (number, line) in lines(bytes).filter(|(_, line)| !line.trim_ascii().is_empty()) {
        let fields: Vec<&[u8]> = line.split(|byte| *byte == b'\t').collect();
        let [name, epoch, version, release, architecture, source, vendor] = fields.as_slice() else {
            reading.odd("linux.no-package", number);
            continue;
        };
        // What is not there is printed so.
        let known = |field: &[u8]| some(field).filter(|text| text != "(none)");
        let (Some(name), Some(_), Some(_)) = (known(name), known(version), known(release)) else {
            reading.odd("linux.no-name", number);
            continue;
        };
        if name == KEYS {
            continue;
        }
        let epoch = value(epoch).parse().unwrap_or(0);
        let package = Package {
            version: version_of(epoch, &value(version), &value(release)),
            architecture: known(architecture),
            source: known(source).and_then(|file| source_of(&file)).filter(|source| *source != name),
            vendor: known(vendor),
            manager: "rpm".to_owned(),
            name,
        };
        if !reading.push(package, PACKAGES_MAX) {
            break;
        }
    }
    reading
}

/// `1:2.0-3.el9`, without an epoch of 0.
fn version_of(epoch: u32, version: &str, release: &str) -> String {
    if epoch == 0 { format!("{version}-{release}") } else { format!("{epoch}:{version}-{release}") }
}

/// The name in `bash-5.1.8-9.el9.src.rpm`.
fn source_of(file: &str) -> Option<String> {
    let (front, _) = file.rsplit_once('-')?;
    let (name, _) = front.rsplit_once('-')?;
    Some(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(reading: &Reading<Vec<Package>>) -> Vec<String> {
        let line = |p: &Package| {
            let part = |part: &Option<String>| part.clone().unwrap_or_else(|| "-".to_owned());
            format!("{} {} {} {} {}", p.name, p.version, part(&p.architecture), part(&p.source), part(&p.vendor))
        };
        reading.value.iter().map(line).collect()
    }

    #[test]
    fn the_list_of_rpm_is_read() {
        let text = "bash\t0\t5.1.8\t9.el9\tx86_64\tbash-5.1.8-9.el9.src.rpm\tRocky Enterprise Software Foundation\n\
            openssl-libs\t1\t3.0.7\t27.el9\tx86_64\topenssl-3.0.7-27.el9.src.rpm\t(none)\ngpg-pubkey\t0\t1\t2\t(none)\t(none)\t(none)\nhello\n";
        let reading = list(text.as_bytes());
        assert_eq!(
            shown(&reading),
            [
                "bash 5.1.8-9.el9 x86_64 - Rocky Enterprise Software Foundation",
                "openssl-libs 1:3.0.7-27.el9 x86_64 openssl -"
            ]
        );
        assert_eq!(reading.oddities[0].line, Some(4));
    }

    /// A database that rpm 4.18 made of five packages; see `golden/rpm/README.md`.
    const DATABASE: &[u8] = include_bytes!("../../../tests/golden/rpm/rpmdb.sqlite");

    #[test]
    fn a_database_that_rpm_made_is_read_as_rpm_reads_it() {
        let reading = database(DATABASE, None);
        assert!(reading.oddities.is_empty(), "{:?}", reading.oddities);
        let listed = list(include_bytes!("../../../tests/golden/rpm/list.tsv"));
        let (mut ours, mut theirs) = (reading.value, listed.value);
        ours.sort();
        theirs.sort();
        assert_eq!(ours, theirs);
        assert_eq!(ours.len(), 5);
    }

    /// While rpm has its database open, what it wrote last stands in the log beside it.
    #[test]
    fn what_stands_only_in_the_log_is_read_too() {
        let main = include_bytes!("../../../tests/golden/rpm/rpmdb.sqlite");
        let log = include_bytes!("../../../tests/golden/rpm/rpmdb.sqlite-wal");
        let (without, with) = (database(main, None), database(main, Some(log)));
        assert_eq!((without.value.len(), with.value.len()), (5, 6), "{:?} {:?}", without.oddities, with.oddities);
        for end in (0..log.len()).step_by(997) {
            let cut = database(main, Some(&log[..end]));
            assert!(matches!(cut.value.len(), 5 | 6), "{end}: {cut:?}");
        }
        let mut bent = log.to_vec();
        bent[60] ^= 1;
        assert_eq!(database(main, Some(&bent)).value.len(), 5, "a page whose sum is wrong was never written whole");
    }

    #[test]
    fn a_database_that_is_cut_or_bent_gives_no_more_than_it_has() {
        for end in (0..DATABASE.len()).step_by(509) {
            let reading = database(&DATABASE[..end], None);
            assert!(reading.value.len() <= 5 && !reading.oddities.is_empty(), "{end}");
        }
        for at in 0..4096 {
            let mut bent = DATABASE.to_vec();
            bent[at] ^= 0xff;
            let _ = database(&bent, None);
        }
    }

    const OLDER: &[u8] = include_bytes!("../../../tests/golden/rpm/Packages");

    #[test]
    fn the_older_format_is_read_in_either_order_of_bytes() {
        let main = include_bytes!("../../../tests/golden/rpm/rpmdb.sqlite");
        let log = include_bytes!("../../../tests/golden/rpm/rpmdb.sqlite-wal");
        let sorted = |mut reading: Reading<Vec<Package>>| {
            assert!(reading.oddities.is_empty(), "{:?}", reading.oddities);
            reading.value.sort();
            reading.value
        };
        let expected = sorted(database(main, Some(log)));
        assert_eq!(sorted(database(OLDER, None)), expected);
        let other = include_bytes!("../../../tests/golden/rpm/Packages.big-endian");
        assert_eq!(sorted(database(other, None)), expected);
    }

    fn files_of(bytes: &[u8], log: Option<&[u8]>) -> Result<Vec<String>, &'static str> {
        let mut found = Vec::new();
        files(bytes, log, &mut |package, path, digest| {
            let digest = match digest {
                FileDigest::Sha256(digest) => digest.to_vec(),
                FileDigest::Md5(digest) => digest.to_vec(),
            };
            let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            found.push(format!("{package}\t{}\t{digits}", String::from_utf8_lossy(path)));
        })?;
        found.sort();
        Ok(found)
    }

    #[test]
    fn files_are_told_as_rpm_tells_them() {
        let listed = include_str!("../../../tests/golden/rpm/files.tsv");
        let listed: Vec<String> = listed.lines().map(str::to_owned).collect();
        assert_eq!(files_of(OLDER, None).unwrap(), listed);
        let log = include_bytes!("../../../tests/golden/rpm/rpmdb.sqlite-wal");
        assert_eq!(files_of(DATABASE, Some(log)).unwrap(), listed);
        assert_eq!(listed.len() - files_of(DATABASE, None).unwrap().len(), 1, "what stands in the log is missing");
    }

    /// What one field of a file says decides whether it counts.
    #[test]
    fn what_is_not_on_the_disk_as_it_was_brought_is_not_told() {
        /// Tag, kind, count and bytes of each field.
        fn header(fields: &[(u32, u32, u32, &[u8])]) -> Vec<u8> {
            let (mut index, mut data) = (Vec::new(), Vec::new());
            for (tag, kind, count, bytes) in fields {
                for word in [*tag, *kind, u32::try_from(data.len()).unwrap(), *count] {
                    index.extend(word.to_be_bytes());
                }
                data.extend_from_slice(bytes);
            }
            let counts = [fields.len(), data.len()].map(|count| u32::try_from(count).unwrap().to_be_bytes());
            [counts.concat(), index, data].concat()
        }
        let md5 = |digit: &str| format!("{}\0", digit.repeat(32));
        let digests = [md5("0"), md5("1"), "\0".to_owned(), md5("3"), "short\0".to_owned()].concat();
        let numbers: Vec<u8> = [0_u32, 0, 0, 9, 0].iter().flat_map(|number| number.to_be_bytes()).collect();
        let mut fields: Vec<(u32, u32, u32, &[u8])> = vec![
            (1000, 6, 1, b"tool\0"),
            (1117, 8, 5, b"good\0replaced\0link\0lost\0odd\0"),
            (1118, 8, 1, b"/usr/bin/\0"),
            (1116, 4, 5, &numbers),
            (1035, 8, 5, digests.as_bytes()),
            (1029, 1, 5, &[0, 1, 0, 0, 0]),
        ];
        let told = |fields: &[(u32, u32, u32, &[u8])]| {
            let mut told = Vec::new();
            let whole = header::files(&header(fields), &mut |package, path, digest| {
                told.push((package.to_owned(), String::from_utf8(path.to_vec()).unwrap(), digest));
            });
            assert!(whole.is_some());
            told
        };
        let good = ("tool".to_owned(), "/usr/bin/good".to_owned(), FileDigest::Md5([0; 16]));
        assert_eq!(told(&fields), std::slice::from_ref(&good));
        let second = ("tool".to_owned(), "/usr/bin/replaced".to_owned(), FileDigest::Md5([0x11; 16]));
        assert_eq!(told(&fields[..5]), [good, second], "older ones say nothing of states");
        fields.push((5011, 4, 1, &[0, 0, 0, 2]));
        assert_eq!(told(&fields), [], "an algorithm that is not made here");
        assert!(header::files(b"", &mut |_, _, _| ()).is_none());
    }

    #[test]
    fn an_older_database_that_is_cut_or_bent_gives_no_more_than_it_has() {
        for end in (0..OLDER.len()).step_by(509) {
            assert!(database(&OLDER[..end], None).value.len() <= 6, "{end}");
        }
        let mut bent = OLDER.to_vec();
        for at in (0..OLDER.len()).step_by(29).chain(0..100).chain(4096..4300) {
            bent[at] ^= 0xff;
            let _ = database(&bent, None);
            let _ = files_of(&bent, None);
            bent[at] ^= 0xff;
        }
    }
}
