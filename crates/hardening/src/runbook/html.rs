//! The runbook as HTML. Every text is escaped; the policy in the head forbids all but the style in the file.

use super::document::Block;
use crate::text::html as escape;
use std::fmt::Write;
use words::Language;

const STYLE: &str = include_str!("../../templates/runbook.css");

pub fn render(blocks: &[Block], title: &str, language: Language) -> String {
    let mut out = String::with_capacity(32 * 1024);
    let _ = write!(
        out,
        "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n",
        language.tag(),
        escape(title)
    );
    for block in blocks {
        write_block(&mut out, block);
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn write_block(out: &mut String, block: &Block) {
    match block {
        Block::Title(text) => element(out, "h1", "", text),
        Block::Heading(text) => element(out, "h2", "", text),
        Block::Subheading(text) => element(out, "h3", "", text),
        Block::Paragraph(text) => element(out, "p", "", text),
        Block::Warning(text) => element(out, "p", " class=\"warning\"", text),
        Block::Facts(facts) => {
            out.push_str("<table class=\"facts\"><tbody>\n");
            for (name, value) in facts {
                let _ = writeln!(out, "<tr><th scope=\"row\">{}</th><td>{}</td></tr>", escape(name), escape(value));
            }
            out.push_str("</tbody></table>\n");
        }
        Block::List(items) => {
            if items.is_empty() {
                return;
            }
            out.push_str("<ul>\n");
            for item in items {
                element(out, "li", "", item);
            }
            out.push_str("</ul>\n");
        }
        Block::Check(text) => {
            let _ = writeln!(
                out,
                "<p class=\"check\"><span class=\"box\" aria-hidden=\"true\"></span><span>{}</span></p>",
                escape(text)
            );
        }
        Block::Commands(caption, lines) => {
            let _ = writeln!(
                out,
                "<figure><figcaption>{}</figcaption><pre>{}</pre></figure>",
                escape(caption),
                escape(&lines.join("\n"))
            );
        }
        Block::Signatures(lines) => {
            out.push_str("<div class=\"signatures\">\n");
            for line in lines {
                let _ = writeln!(out, "<p class=\"signature\"><span class=\"line\"></span>{}</p>", escape(line));
            }
            out.push_str("</div>\n");
        }
    }
}

fn element(out: &mut String, name: &str, attributes: &str, text: &str) {
    let _ = writeln!(out, "<{name}{attributes}>{}</{name}>", escape(text));
}
