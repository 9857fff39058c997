//! What stands in canaries: documents as an office has them, of which no two are alike.

use std::fmt::Write;
use std::hash::{BuildHasher, RandomState};

const LINES: usize = 40;
const PAGES: usize = 6;
const WORDS: [&str; 24] = [
    "accounts",
    "agreement",
    "annual",
    "balance",
    "budget",
    "clients",
    "contract",
    "costs",
    "delivery",
    "forecast",
    "invoice",
    "ledger",
    "meeting",
    "orders",
    "payroll",
    "pension",
    "project",
    "quarter",
    "report",
    "salary",
    "schedule",
    "supplier",
    "survey",
    "travel",
];

/// Numbers that nobody guesses.
pub struct Chance {
    state: RandomState,
    count: u64,
}

impl Chance {
    pub fn new() -> Chance {
        Chance { state: RandomState::new(), count: 0 }
    }

    pub fn below(&mut self, end: usize) -> usize {
        self.count += 1;
        usize::try_from(self.state.hash_one(self.count) % end.max(1) as u64).unwrap_or(0)
    }

    fn word(&mut self) -> &'static str {
        let at = self.below(WORDS.len());
        WORDS.get(at).copied().unwrap_or("report")
    }

    /// A name without what tells its type.
    pub fn name(&mut self) -> String {
        let first: String = self
            .word()
            .chars()
            .enumerate()
            .map(|(at, letter)| if at == 0 { letter.to_ascii_uppercase() } else { letter })
            .collect();
        format!("{first} {} {}", self.word(), 2015 + self.below(10))
    }

    fn line(&mut self) -> String {
        let words: Vec<&str> = (0..5).map(|_| self.word()).collect();
        format!(
            "{:02}.{:02}. {} {}.{:02}",
            1 + self.below(28),
            1 + self.below(12),
            words.join(" "),
            self.below(90_000),
            self.below(100)
        )
    }
}

/// A document of some pages (ISO 32000-1, 7.5).
pub fn pdf(chance: &mut Chance) -> Vec<u8> {
    let mut text = String::from("%PDF-1.4\n");
    let mut places = Vec::new();
    let mut object = |text: &mut String, body: &str| {
        places.push(text.len());
        let _ = write!(text, "{} 0 obj\n{body}\nendobj\n", places.len());
    };
    let pages: Vec<String> = (0..PAGES).map(|page| format!("{} 0 R", 4 + 2 * page)).collect();
    object(&mut text, "<< /Type /Catalog /Pages 2 0 R >>");
    object(&mut text, &format!("<< /Type /Pages /Kids [{}] /Count {PAGES} >>", pages.join(" ")));
    object(&mut text, "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>");
    for page in 0..PAGES {
        let lines: String = (0..LINES).map(|_| format!("({}) Tj T*\n", chance.line())).collect();
        let shown = format!("BT /F1 11 Tf 60 780 Td 17 TL\n{lines}ET");
        let about = "/Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >>";
        object(&mut text, &format!("<< {about} /Contents {} 0 R >>", 5 + 2 * page));
        object(&mut text, &format!("<< /Length {} >>\nstream\n{shown}\nendstream", shown.len()));
    }
    let table = text.len();
    let _ = write!(text, "xref\n0 {}\n0000000000 65535 f \n", places.len() + 1);
    for place in &places {
        let _ = writeln!(text, "{place:010} 00000 n ");
    }
    let _ = write!(text, "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n", places.len() + 1);
    text.into_bytes()
}

/// The same as a text that every office opens.
pub fn rtf(chance: &mut Chance) -> Vec<u8> {
    let mut text = String::from("{\\rtf1\\ansi\\deff0{\\fonttbl{\\f0 Helvetica;}}\\f0\\fs22\n");
    for _ in 0..PAGES * LINES {
        let _ = writeln!(text, "{}\\par", chance.line());
    }
    text.push_str("}\n");
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canaries_are_documents_of_which_no_two_are_alike() {
        let mut chance = Chance::new();
        let (first, second) = (pdf(&mut chance), pdf(&mut chance));
        assert_ne!(first, second);
        assert_ne!(Chance::new().name() + &Chance::new().name(), Chance::new().name() + &Chance::new().name());
        assert_eq!(formats::identify(&first).kind, formats::Kind::Pdf);
        assert_eq!(formats::identify(&rtf(&mut chance)).kind, formats::Kind::Rtf);
        // Long enough to say how their bytes are spread, wherever they are changed.
        assert!(first.len() > 8 << 10 && rtf(&mut chance).len() > 8 << 10);
    }
}
