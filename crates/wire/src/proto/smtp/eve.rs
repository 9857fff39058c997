//! SMTP in EVE JSON.

use super::Transaction;
use crate::json::Object;

pub fn write(transaction: &Transaction, record: &mut Object<'_>, all_fields: bool) {
    let mut smtp = record.object("smtp");
    smtp.optional("helo", transaction.helo.as_deref()).optional("mail_from", transaction.mail_from.as_deref());
    if !transaction.rcpt_to.is_empty() {
        let mut list = smtp.array("rcpt_to");
        transaction.rcpt_to.iter().for_each(|recipient| list.bytes(recipient));
    }
    drop(smtp);
    if let Some(mail) = transaction.mail() {
        mail.write(record, all_fields);
    }
}
