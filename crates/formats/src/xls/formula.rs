//! Formulas as they are kept (MS-XLS, section 2.5.198): operands come before what is done to them. They are spelled near
//! enough to what stands in the cell for one to read.

use super::functions::{command, function};
use super::short_text;
use crate::bytes::{array, u8_at, u16_le};

/// Letters of one formula.
const TEXT_BYTES_MAX: usize = 4096;
/// Operands that wait for what is done to them.
const STACK_MAX: usize = 256;
/// Tokens of one formula.
const TOKENS_MAX: usize = 4000;

/// A formula, spelled, and the functions in it.
#[derive(Default)]
pub struct Formula {
    pub text: String,
    pub functions: Vec<String>,
    /// Bytes that were made on the way.
    pub work: usize,
}

/// Spells a formula. What is unknown ends it, and what was read before stands.
pub fn spell(tokens: &[u8], names: &[String]) -> Formula {
    let mut formula = Formula::default();
    let (mut stack, mut at) = (Vec::<String>::new(), 0);
    for _ in 0..TOKENS_MAX {
        match token(tokens, &mut at, names, &mut stack, &mut formula.functions) {
            Some(()) if stack.len() <= STACK_MAX && stack.last().map_or(0, String::len) <= TEXT_BYTES_MAX => {
                formula.work += stack.last().map_or(0, String::len);
            }
            Some(()) => {
                stack.push("…".into());
                break;
            }
            None => {
                if at < tokens.len() {
                    stack.push("…".into());
                }
                break;
            }
        }
    }
    formula.text = stack.join(" ");
    formula
}

fn token(
    tokens: &[u8],
    at: &mut usize,
    names: &[String],
    stack: &mut Vec<String>,
    functions: &mut Vec<String>,
) -> Option<()> {
    let number = u8_at(tokens, *at)?;
    let data = *at + 1;
    // Three classes of the same operand.
    let base = if number >= 0x20 { number & 0x1f | 0x20 } else { number };
    let (text, length) = match base {
        0x01 | 0x02 => (String::new(), 4),
        0x03..=0x11 => {
            let right = stack.pop()?;
            let left = stack.pop()?;
            (format!("{left}{}{right}", operator(base)), 0)
        }
        0x12 | 0x13 => (format!("{}{}", if base == 0x12 { '+' } else { '-' }, stack.pop()?), 0),
        0x14 => (format!("{}%", stack.pop()?), 0),
        0x15 => (format!("({})", stack.pop()?), 0),
        0x16 => (String::new(), 0),
        0x17 => {
            let (text, behind) = short_text(tokens, data)?;
            (format!("\"{text}\""), behind - data)
        }
        0x19 => return attribute(tokens, at, stack, functions),
        0x1c => ("#ERR".into(), 1),
        0x1d => (if u8_at(tokens, data)? != 0 { "TRUE" } else { "FALSE" }.into(), 1),
        0x1e => (u16_le(tokens, data)?.to_string(), 2),
        0x1f => (f64::from_le_bytes(array(tokens, data)?).to_string(), 8),
        0x20 => ("{}".into(), 7),
        0x21 => {
            let (name, count) = function(u16_le(tokens, data)?);
            (called(name, count, stack, functions), 2)
        }
        0x22 => {
            let (count, index) = (usize::from(u8_at(tokens, data)? & 0x7f), u16_le(tokens, data + 1)?);
            let name = if index & 0x8000 != 0 { command(index & 0x7fff) } else { function(index).0 };
            let name = if index == 0xff { None } else { Some(name) };
            (called(name.unwrap_or_default(), count, stack, functions), 3)
        }
        0x23 => {
            let name = usize::from(u16_le(tokens, data)?).checked_sub(1).and_then(|index| names.get(index));
            (name.cloned().unwrap_or_else(|| "?".into()), 4)
        }
        0x24 | 0x2c => (cell(tokens, data)?, 4),
        0x25 | 0x2d => {
            let (first, last) = (u16_le(tokens, data)?, u16_le(tokens, data + 2)?);
            let (left, right) = (u8_at(tokens, data + 4)?, u8_at(tokens, data + 6)?);
            (
                format!(
                    "R{}C{}:R{}C{}",
                    u32::from(first) + 1,
                    u32::from(left) + 1,
                    u32::from(last) + 1,
                    u32::from(right) + 1
                ),
                8,
            )
        }
        // What is in front of the parts of an area that is worked out.
        0x26..=0x28 => {
            *at = data + 6;
            return Some(());
        }
        0x29 | 0x2e | 0x2f => {
            *at = data + 2;
            return Some(());
        }
        0x2a => ("#REF".into(), 4),
        0x2b => ("#REF".into(), 8),
        0x39 => ("?".into(), 6),
        0x3a => (format!("{}!{}", u16_le(tokens, data)?, cell(tokens, data + 2)?), 6),
        0x3b => (format!("{}!{}", u16_le(tokens, data)?, cell(tokens, data + 2)?), 10),
        0x3c => ("#REF".into(), 6),
        0x3d => ("#REF".into(), 10),
        _ => return None,
    };
    stack.push(text);
    *at = data + length;
    Some(())
}

fn operator(token: u8) -> &'static str {
    match token {
        0x03 => "+",
        0x04 => "-",
        0x05 => "*",
        0x06 => "/",
        0x07 => "^",
        0x08 => "&",
        0x09 => "<",
        0x0a => "<=",
        0x0b => "=",
        0x0c => ">=",
        0x0d => ">",
        0x0e => "<>",
        0x0f => " ",
        0x10 => ",",
        _ => ":",
    }
}

/// Hints for working it out; one of them stands for a sum of one operand.
fn attribute(tokens: &[u8], at: &mut usize, stack: &mut Vec<String>, functions: &mut Vec<String>) -> Option<()> {
    let (flags, data) = (u8_at(tokens, *at + 1)?, u16_le(tokens, *at + 2)?);
    *at += 4;
    if flags & 0x04 != 0 {
        *at += (usize::from(data) + 1) * 2;
    }
    if flags & 0x10 != 0 {
        let text = called("SUM", 1, stack, functions);
        stack.push(text);
    }
    Some(())
}

/// A call; without a name the first operand is one.
fn called(name: &str, count: usize, stack: &mut Vec<String>, functions: &mut Vec<String>) -> String {
    let mut operands = stack.split_off(stack.len().saturating_sub(count));
    let name = if name.is_empty() && !operands.is_empty() { operands.remove(0) } else { name.to_owned() };
    functions.push(name.clone());
    format!("{name}({})", operands.join(","))
}

fn cell(tokens: &[u8], at: usize) -> Option<String> {
    let (row, column) = (u32::from(u16_le(tokens, at)?), u32::from(u8_at(tokens, at + 2)?));
    Some(format!("R{}C{}", row + 1, column + 1))
}
