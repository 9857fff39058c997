//! Sections that the Script Encoder of Windows wrote (`#@~^`, length, text, sum, `^#~@`): each letter was replaced by one
//! of three, chosen by its place.

/// Sections of one script.
const SECTIONS_MAX: usize = 64;
/// Which of the three columns is used at each place, over and over.
const ORDER: &[u8; 64] = b"0120121221210212021200122102122100212120200120210212001220012021";
/// For each letter from the blank on what it stands for, in three columns.
const COLUMNS: [&[u8; 96]; 3] = [
    b".GzVBj/&IA42[vrC89pEhqO\tbD#uJ~J^@wJa]\"KoN;LPg*}tT+-,0nkf5%!dMRc?{x)(sY3\x7fmUS|:_eFX1ilZH'\\=$y7`Q 6",
    b"-uR`q^I\\b})6 |z\x7fkc3+hQfv1dTCL:L~LE,*t'7DyY/o&rj9{?8wgSG4x]0#Z[lHUpi.L!$NP\tVs5aKX;W\"mM%(FJ2A=_OBe",
    b"20!)[83=X:5e9\\VsfNEkbYx^}JmqA`AS@B'Hru17MR\"TjGd- \x7f.L]~loytC&v%$+(#A4\t*D?w;UiacPgQIOFh|6pnz/_KZ,W",
];
/// The same of the tabulator.
const TABULATOR: [u8; 3] = *b"\x57\x6e\x7b";

/// One section, decoded.
pub struct Section {
    pub text: String,
    pub at: usize,
    /// It has its end.
    pub whole: bool,
}

/// The sections of a script, one behind the other; one without an end takes the rest.
pub fn sections(source: &str) -> impl Iterator<Item = Section> + '_ {
    let mut from = 0;
    let next = std::iter::from_fn(move || {
        let at = from + source.get(from..)?.find("#@~^")?;
        let behind = source.get(at + 12..)?;
        let end = behind.find("^#~@");
        from = end.map_or(source.len(), |end| at + 12 + end);
        // In front of the end stands the sum, in base64.
        let coded = &behind[..end.unwrap_or(behind.len())];
        let coded = end.and_then(|end| coded.get(..end.checked_sub(8)?)).unwrap_or(coded);
        Some(Section { text: decode(coded), at, whole: end.is_some() })
    });
    next.take(SECTIONS_MAX)
}

fn decode(coded: &str) -> String {
    let (mut text, mut place) = (String::with_capacity(coded.len()), 0_usize);
    let mut letters = coded.chars();
    while let Some(letter) = letters.next() {
        let column = usize::from(ORDER[place % ORDER.len()] - b'0');
        // Letters beyond those of ASCII stand as they are and count as a place all the same.
        place += 1;
        text.push(match letter {
            '@' => match letters.next() {
                Some('&') => '\n',
                Some('#') => '\r',
                Some('*') => '>',
                Some('!') => '<',
                Some('$') => '@',
                Some(other) => other,
                None => break,
            },
            '\t' => char::from(TABULATOR[column]),
            ' '..='\x7f' => char::from(COLUMNS[column][letter as usize - 0x20]),
            other => other,
        });
    }
    text
}

/// Encodes a text as the encoder does; what is beyond ASCII stays.
#[cfg(test)]
pub fn encode(text: &str) -> String {
    let mut coded = String::from("#@~^AAAAAA==");
    for (place, letter) in text.chars().enumerate() {
        let column = usize::from(ORDER[place % ORDER.len()] - b'0');
        match letter {
            '\n' => coded.push_str("@&"),
            '\r' => coded.push_str("@#"),
            '>' => coded.push_str("@*"),
            '<' => coded.push_str("@!"),
            '@' => coded.push_str("@$"),
            _ => {
                let at = COLUMNS[column].iter().position(|other| char::from(*other) == letter);
                coded.push(at.map_or(letter, |at| char::from(at as u8 + 0x20)));
            }
        }
    }
    coded + "AAAAAA==^#~@"
}
