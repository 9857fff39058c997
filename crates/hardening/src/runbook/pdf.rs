//! The runbook as PDF: text in the fonts every reader brings, so that nothing has to be embedded.
//!
//! Latin letters are Helvetica and Courier (ISO 32000-1, 9.6.2.2); Chinese is the predefined font STSong-Light with
//! the predefined character map UniGB-UTF16-H (9.7.5.2), which readers know or replace by a font of the machine.

use super::document::Block;
use pdf_writer::{
    Content, Finish, Name, Pdf, Rect, Ref, Str, TextStr,
    types::{CidFontType, FontFlags, SystemInfo},
};

const WIDTH: f32 = 595.0;
const HEIGHT: f32 = 842.0;
const MARGIN: f32 = 48.0;
const LATIN: Name<'static> = Name(b"F1");
const BOLD: Name<'static> = Name(b"F2");
const MONO: Name<'static> = Name(b"F3");
const CHINESE: Name<'static> = Name(b"F4");
/// A plan of any size ends somewhere; what is left out is said.
const PAGES_MAX: usize = 400;

pub fn render(blocks: &[Block], title: &str) -> Vec<u8> {
    let mut page = Pages::new();
    for block in blocks {
        page.block(block);
    }
    assemble(page.finish(), title)
}

#[derive(Clone, Copy)]
struct Style {
    latin: Name<'static>,
    size: f32,
    before: f32,
    after: f32,
    indent: f32,
}

const fn style(latin: Name<'static>, size: f32, before: f32, after: f32, indent: f32) -> Style {
    Style { latin, size, before, after, indent }
}

const TITLE: Style = style(BOLD, 19.0, 0.0, 8.0, 0.0);
const HEADING: Style = style(BOLD, 14.0, 14.0, 5.0, 0.0);
const SUBHEADING: Style = style(BOLD, 11.5, 9.0, 3.0, 0.0);
const TEXT: Style = style(LATIN, 10.0, 1.0, 3.0, 0.0);
const ITEM: Style = style(LATIN, 10.0, 0.0, 2.0, 14.0);
const CHECK: Style = style(LATIN, 10.0, 2.0, 3.0, 18.0);
const CAPTION: Style = style(BOLD, 9.0, 3.0, 1.0, 0.0);
const CODE: Style = style(MONO, 8.5, 0.0, 0.0, 8.0);

/// Lays lines onto pages from the top.
struct Pages {
    done: Vec<Vec<u8>>,
    content: Content,
    y: f32,
}

impl Pages {
    fn new() -> Self {
        Pages { done: Vec::new(), content: Content::new(), y: HEIGHT - MARGIN }
    }

    fn finish(mut self) -> Vec<Vec<u8>> {
        self.turn();
        self.done
    }

    fn turn(&mut self) {
        let content = std::mem::replace(&mut self.content, Content::new());
        if self.done.len() < PAGES_MAX {
            self.done.push(content.finish().into_vec());
        }
        self.y = HEIGHT - MARGIN;
    }

    fn room(&mut self, height: f32) {
        if self.y - height < MARGIN + 14.0 {
            self.turn();
        }
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Title(text) => self.text(text, TITLE),
            Block::Heading(text) => {
                // A heading does not stay alone at the foot of a page.
                self.room(60.0);
                self.text(text, HEADING);
                self.rule(MARGIN, WIDTH - MARGIN, self.y + 3.0, 1.0);
            }
            Block::Subheading(text) => {
                self.room(44.0);
                self.text(text, SUBHEADING);
            }
            Block::Paragraph(text) => self.text(text, TEXT),
            Block::Warning(text) => self.text(&format!("! {text}"), ITEM),
            Block::Facts(facts) => {
                for (name, value) in facts {
                    self.text(&format!("{name}: {value}"), TEXT);
                }
            }
            Block::List(items) => {
                for item in items {
                    self.text(&format!("- {item}"), ITEM);
                }
            }
            Block::Check(text) => self.check(text),
            Block::Commands(caption, lines) => {
                self.room(30.0);
                self.text(caption, CAPTION);
                for line in lines {
                    self.command(line);
                }
                self.y -= 3.0;
            }
            Block::Signatures(lines) => {
                for line in lines {
                    self.room(52.0);
                    self.y -= 34.0;
                    self.rule(MARGIN, MARGIN + 260.0, self.y, 0.7);
                    self.text(line, TEXT);
                }
            }
        }
    }

    /// A command that is longer than the page goes on further in, so that nobody takes its rest for another one.
    fn command(&mut self, line: &str) {
        let rest = Style { indent: CODE.indent + 24.0, ..CODE };
        for (index, part) in wrap(line, rest, WIDTH - 2.0 * MARGIN - rest.indent).iter().enumerate() {
            self.text(part, if index == 0 { CODE } else { rest });
        }
    }

    fn check(&mut self, text: &str) {
        self.room(30.0);
        let top = self.y - CHECK.before;
        self.content.set_line_width(0.9);
        self.content.rect(MARGIN + 1.0, top - 10.0, 9.0, 9.0);
        self.content.stroke();
        self.text(text, CHECK);
    }

    fn rule(&mut self, from: f32, to: f32, y: f32, width: f32) {
        self.content.set_line_width(width);
        self.content.move_to(from, y);
        self.content.line_to(to, y);
        self.content.stroke();
    }

    fn text(&mut self, text: &str, style: Style) {
        self.y -= style.before;
        let width = WIDTH - 2.0 * MARGIN - style.indent;
        for line in wrap(text, style, width) {
            let step = style.size * 1.42;
            self.room(step);
            self.y -= step;
            self.line(&line, style);
        }
        self.y -= style.after;
    }

    fn line(&mut self, line: &str, style: Style) {
        self.content.begin_text();
        self.content.next_line(MARGIN + style.indent, self.y + style.size * 0.32);
        for run in runs(line) {
            let first = run.chars().next().unwrap_or(' ');
            if first.is_ascii() {
                self.content.set_font(style.latin, style.size);
                self.content.show(Str(run.as_bytes()));
            } else {
                self.content.set_font(CHINESE, style.size);
                let bytes: Vec<u8> = run.encode_utf16().flat_map(u16::to_be_bytes).collect();
                self.content.show(Str(&bytes));
            }
        }
        self.content.end_text();
    }
}

/// Parts a line into stretches that one font shows.
fn runs(line: &str) -> Vec<&str> {
    let mut runs = Vec::new();
    let mut start = 0;
    let mut kind = None;
    for (index, c) in line.char_indices() {
        if kind.is_some_and(|ascii| ascii != c.is_ascii()) {
            runs.push(&line[start..index]);
            start = index;
        }
        kind = Some(c.is_ascii());
    }
    if start < line.len() {
        runs.push(&line[start..]);
    }
    runs
}

/// Breaks a text into lines: at spaces, between Chinese characters, and inside a word that is longer than a line.
fn wrap(text: &str, style: Style, width: f32) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let clean: String = paragraph.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let (mut line, mut used, mut break_at) = (String::new(), 0.0, None);
        for c in clean.chars() {
            let wide = advance(c, style);
            if used + wide > width && !line.is_empty() {
                let cut = break_at.filter(|at| *at > 0).unwrap_or(line.len());
                let rest = line.split_off(cut);
                lines.push(line.trim_end().to_owned());
                line = rest.trim_start().to_owned();
                used = line.chars().map(|c| advance(c, style)).sum();
                break_at = None;
            }
            line.push(c);
            used += wide;
            if c == ' ' || !c.is_ascii() {
                break_at = Some(line.len());
            }
        }
        lines.push(line);
    }
    lines
}

/// The width of a character, generously: Helvetica's own widths for the wide and narrow letters, Courier's 600.
fn advance(c: char, style: Style) -> f32 {
    let thousandths = match c {
        c if !c.is_ascii() => 1000.0,
        _ if style.latin == MONO => 600.0,
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | ' ' | 'f' | 't' | 'I' => 330.0,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 900.0,
        'A'..='Z' => 720.0,
        _ => 580.0,
    };
    thousandths * style.size / 1000.0
}

fn assemble(pages: Vec<Vec<u8>>, title: &str) -> Vec<u8> {
    let mut pdf = Pdf::new();
    let mut next = 1;
    let mut id = || {
        let id = Ref::new(next);
        next += 1;
        id
    };
    let (catalog, tree, info) = (id(), id(), id());
    let (latin, bold, mono) = (id(), id(), id());
    let (chinese, cid, descriptor) = (id(), id(), id());
    let kids: Vec<(Ref, Ref)> = pages.iter().map(|_| (id(), id())).collect();

    pdf.catalog(catalog).pages(tree);
    pdf.document_info(info).title(TextStr(title)).producer(TextStr("Redoubt"));
    pdf.pages(tree).kids(kids.iter().map(|(page, _)| *page)).count(i32::try_from(kids.len()).unwrap_or(i32::MAX));
    for (font, name) in [(latin, "Helvetica"), (bold, "Helvetica-Bold"), (mono, "Courier")] {
        pdf.type1_font(font).base_font(Name(name.as_bytes())).encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    pdf.type0_font(chinese)
        .base_font(Name(b"STSong-Light-UniGB-UTF16-H"))
        .encoding_predefined(Name(b"UniGB-UTF16-H"))
        .descendant_font(cid);
    let mut cid_font = pdf.cid_font(cid);
    cid_font
        .subtype(CidFontType::Type0)
        .base_font(Name(b"STSong-Light"))
        .system_info(SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"GB1"), supplement: 5 })
        .font_descriptor(descriptor)
        .default_width(1000.0);
    cid_font.finish();
    pdf.font_descriptor(descriptor)
        .name(Name(b"STSong-Light"))
        .flags(FontFlags::SYMBOLIC | FontFlags::SERIF)
        .bbox(Rect::new(-25.0, -254.0, 1000.0, 880.0))
        .italic_angle(0.0)
        .ascent(880.0)
        .descent(-120.0)
        .cap_height(880.0)
        .stem_v(93.0);

    let count = kids.len();
    for (number, ((page_id, content_id), content)) in (1..).zip(kids.into_iter().zip(pages)) {
        let mut page = pdf.page(page_id);
        page.media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT)).parent(tree).contents(content_id);
        let mut resources = page.resources();
        let mut fonts = resources.fonts();
        fonts.pair(LATIN, latin).pair(BOLD, bold).pair(MONO, mono).pair(CHINESE, chinese);
        fonts.finish();
        resources.finish();
        page.finish();
        let mut foot = Content::new();
        foot.begin_text();
        foot.set_font(LATIN, 8.0);
        foot.next_line(WIDTH - MARGIN - 30.0, MARGIN - 18.0);
        foot.show(Str(format!("{number} / {count}").as_bytes()));
        foot.end_text();
        let whole = [content, b"\n".to_vec(), foot.finish().into_vec()].concat();
        pdf.stream(content_id, &whole);
    }
    pdf.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_is_parted_where_the_font_changes() {
        assert_eq!(runs("关闭 445 port 端口"), ["关闭", " 445 port ", "端口"]);
    }

    #[test]
    fn no_line_is_wider_than_the_page() {
        let text = "单".repeat(120) + &"x".repeat(300) + " a b c";
        for line in wrap(&text, TEXT, 400.0) {
            assert!(line.chars().map(|c| advance(c, TEXT)).sum::<f32>() <= 400.0, "{line}");
        }
    }

    proptest! {
        #[test]
        fn wrapping_keeps_every_letter(text in "\\PC{0,200}") {
            let squeeze = |text: &str| text.chars().filter(|c| !c.is_whitespace() && !c.is_control()).collect::<String>();
            prop_assert_eq!(squeeze(&wrap(&text, TEXT, 120.0).concat()), squeeze(&text));
        }
    }
}
