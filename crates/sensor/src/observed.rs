//! What traffic holds that an indicator can name, said in one place: who looks for indicators while it passes and who
//! keeps it to look back are told the same values, in the [form](rules::forms) that is compared.

use crate::files::FileRecord;
use records::Observed;
use rules::{IndicatorKind, forms};
use std::net::IpAddr;
use wire::mime::Mail;
use wire::proto::{Event, dns, ftp, http, http2, nbns, nfs, quic, smb, smtp, tls};

/// Values of one kind that a row keeps; a packet full of others is no reason to keep them all.
const KEPT_MAX: usize = 128;

/// A value in its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held<'a> {
    /// Asked about by itself and by the networks it lies in.
    Address(IpAddr),
    Form(IndicatorKind, &'a str),
}

/// Looks at events and files. Only values of kinds that are wanted are made, and each of them is told with the place it
/// stands in.
pub struct Observer<'a> {
    pub wanted: &'a dyn Fn(IndicatorKind) -> bool,
    pub each: &'a mut dyn FnMut(Held<'_>, &'static str),
}

impl Observer<'_> {
    pub fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Dns(message) | Event::Doh2(message) => self.dns(message),
            Event::Nbns(packet) => self.nbns(packet),
            Event::Http(exchange) => self.http(exchange),
            Event::Http2(exchange) => self.http2(exchange),
            Event::Tls(session) => self.tls(session),
            Event::Quic(opening) => self.quic(opening),
            Event::Smtp(transaction) => self.smtp(transaction),
            Event::Imap(exchange) => {
                self.mail(exchange.message.as_ref().map(|message| &message.reader.mail));
                self.emails(exchange.user.as_deref(), "account");
            }
            Event::Pop3(exchange) => {
                self.mail(exchange.message.as_ref().map(|message| &message.reader.mail));
                self.emails(exchange.user.as_deref(), "account");
            }
            Event::Smb(told) => self.smb(&told.exchange.what),
            Event::Ftp(exchange) => self.ftp(exchange),
            Event::FtpData(transfer) => self.file_name(&transfer.name),
            Event::Tftp(request) => self.file_name(&request.file),
            Event::Nfs(nfs::Told(exchange)) => {
                self.file_name(&exchange.name);
                exchange.renamed_to.iter().for_each(|name| self.file_name(name));
            }
            _ => {}
        }
        self.made(IndicatorKind::Account, "account", || forms::account(&event.elements().account?));
    }

    /// A file as it ended.
    pub fn file(&mut self, file: &FileRecord) {
        self.file_name(&file.name);
        self.made(IndicatorKind::Sha256, "file", || file.hashes.sha256.map(|digest| wire::json::hex(&digest)));
    }

    /// Tells a value if it is wanted and has a form.
    fn made(&mut self, kind: IndicatorKind, place: &'static str, form: impl FnOnce() -> Option<String>) {
        if (self.wanted)(kind)
            && let Some(form) = form()
        {
            (self.each)(Held::Form(kind, &form), place);
        }
    }

    fn address(&mut self, address: impl Into<IpAddr>, place: &'static str) {
        if (self.wanted)(IndicatorKind::Address) {
            (self.each)(Held::Address(address.into()), place);
        }
    }

    fn domain(&mut self, name: &[u8], place: &'static str) {
        self.made(IndicatorKind::Domain, place, || forms::domain(name));
    }

    fn file_name(&mut self, path: &[u8]) {
        self.made(IndicatorKind::FileName, "file-name", || forms::file_name(&String::from_utf8_lossy(path)));
    }

    fn emails(&mut self, text: Option<&[u8]>, place: &'static str) {
        if (self.wanted)(IndicatorKind::Email) {
            let found = text.into_iter().flat_map(forms::emails);
            found.for_each(|address| (self.each)(Held::Form(IndicatorKind::Email, &address), place));
        }
    }

    fn dns(&mut self, message: &dns::Message) {
        message.questions.iter().for_each(|question| self.domain(&question.name, "question"));
        for answer in &message.answers {
            // What was asked for is told once.
            if !message.questions.iter().any(|question| question.name.eq_ignore_ascii_case(&answer.name)) {
                self.domain(&answer.name, "answer");
            }
            match &answer.data {
                dns::Data::A(address) => self.address(*address, "answer"),
                dns::Data::Aaaa(address) => self.address(*address, "answer"),
                dns::Data::Name(name) | dns::Data::Mx { name, .. } | dns::Data::Srv { name, .. } => {
                    self.domain(name, "answer");
                }
                dns::Data::Service { target, .. } => self.domain(target, "answer"),
                _ => {}
            }
        }
    }

    fn nbns(&mut self, packet: &nbns::Packet) {
        match packet {
            nbns::Packet::Message(message) => {
                message.question.iter().for_each(|(name, _)| self.host(&name.name, "question"));
                let Some(record) = &message.record else { return };
                if message.question.as_ref().is_none_or(|(name, _)| name.name != record.name.name) {
                    self.host(&record.name.name, "answer");
                }
                record.names.iter().for_each(|name| self.host(&name.name, "answer"));
                record.addresses.iter().for_each(|address| self.address(*address, "answer"));
            }
            nbns::Packet::Datagram(datagram) => {
                self.host(&datagram.from.name, "host");
                self.host(&datagram.to.name, "host");
                datagram.announcement.iter().for_each(|announcement| self.host(&announcement.host, "host"));
            }
        }
    }

    /// A name that is filled up with blanks.
    fn host(&mut self, name: &str, place: &'static str) {
        self.domain(name.trim_matches([' ', '\0']).as_bytes(), place);
    }

    fn http(&mut self, exchange: &http::Exchange) {
        let Some(request) = &exchange.request else { return };
        let host = request.host.as_deref().unwrap_or_default();
        self.made(IndicatorKind::Url, "url", || match request.port {
            Some(port) => forms::url(&[host, format!(":{port}").as_bytes()].concat(), &request.target),
            None => forms::url(host, &request.target),
        });
        self.domain(host, "host");
    }

    fn http2(&mut self, exchange: &http2::Exchange) {
        let Some(authority) = exchange.host() else { return };
        // `user:password@host`
        let authority = authority.rsplit(|byte| *byte == b'@').next().unwrap_or_default();
        let path = exchange.request.header(":path").unwrap_or_default();
        self.made(IndicatorKind::Url, "url", || forms::url(authority, path));
        self.domain(without_port(authority), "host");
    }

    fn tls(&mut self, session: &tls::Session) {
        session.client_hello.iter().for_each(|hello| self.hello(hello, 't'));
        for certificate in session.server_chain.iter().chain(&session.client_chain) {
            let digits = || Some(forms::digits(&certificate.fingerprint));
            self.made(IndicatorKind::Certificate, "certificate", digits);
        }
    }

    fn quic(&mut self, opening: &quic::Opening) {
        match &opening.hello {
            quic::Hello::Client(hello) => self.hello(hello, 'q'),
            quic::Hello::Google(hello) => {
                hello.server_name.iter().for_each(|name| self.domain(name, "server-name"));
            }
            _ => {}
        }
    }

    fn hello(&mut self, hello: &tls::ClientHello, carrier: char) {
        hello.server_name.iter().for_each(|name| self.domain(name, "server-name"));
        self.made(IndicatorKind::Ja3, "fingerprint", || Some(tls::md5_hex(&hello.ja3())));
        self.made(IndicatorKind::Ja4, "fingerprint", || Some(hello.ja4(carrier)));
    }

    fn smtp(&mut self, transaction: &smtp::Transaction) {
        let envelope = transaction.mail_from.iter().chain(&transaction.rcpt_to);
        envelope.for_each(|path| self.emails(Some(path), "envelope"));
        self.mail(transaction.mail());
        self.emails(transaction.account.as_deref(), "account");
    }

    fn mail(&mut self, mail: Option<&Mail>) {
        let Some(mail) = mail else { return };
        for (name, value) in &mail.fields {
            if matches!(*name, "from" | "to" | "cc" | "bcc" | "reply-to") {
                self.emails(Some(value), "mail-header");
            }
        }
        for (_, link) in &mail.urls {
            let host_end = link.iter().position(|byte| *byte == b'/').unwrap_or(link.len());
            let (host, path) = link.split_at_checked(host_end).unwrap_or((link, &[]));
            self.made(IndicatorKind::Url, "link", || forms::url(host, path));
        }
    }

    fn smb(&mut self, what: &smb::What) {
        match what {
            smb::What::Create(create) => self.file_name(create.name.as_bytes()),
            smb::What::File(file) => self.file_name(file.name.as_bytes()),
            smb::What::Rename { from, to } => {
                self.file_name(from.as_bytes());
                self.file_name(to.as_bytes());
            }
            smb::What::SetInfo(info) => self.file_name(info.name.as_bytes()),
            smb::What::Path(path) => self.file_name(path.as_bytes()),
            _ => {}
        }
    }

    fn ftp(&mut self, exchange: &ftp::Exchange) {
        let about_a_file = matches!(
            exchange.command.as_deref(),
            Some(b"RETR" | b"STOR" | b"STOU" | b"APPE" | b"DELE" | b"RNFR" | b"RNTO" | b"SIZE" | b"MDTM")
        );
        if about_a_file {
            self.file_name(&exchange.argument);
        }
    }
}

fn without_port(authority: &[u8]) -> &[u8] {
    match authority.iter().rposition(|byte| *byte == b':') {
        Some(colon) if authority.get(colon + 1..).is_some_and(|port| port.iter().all(u8::is_ascii_digit)) => {
            authority.get(..colon).unwrap_or_default()
        }
        _ => authority,
    }
}

/// Keeps a value in a row, once. A file's digest has a column of its own.
pub fn keep(observed: &mut Observed, held: Held<'_>) {
    let (list, form) = match held {
        Held::Address(address) => (&mut observed.addresses, &*address.to_string()),
        Held::Form(IndicatorKind::Domain, form) => (&mut observed.domains, form),
        Held::Form(IndicatorKind::Url, form) => (&mut observed.urls, form),
        Held::Form(IndicatorKind::Email, form) => (&mut observed.emails, form),
        Held::Form(IndicatorKind::Account, form) => (&mut observed.accounts, form),
        Held::Form(IndicatorKind::FileName, form) => (&mut observed.file_names, form),
        Held::Form(IndicatorKind::Certificate, form) => (&mut observed.certificates, form),
        Held::Form(IndicatorKind::Ja3, form) => return observed.ja3 = Some(form.to_owned()),
        Held::Form(IndicatorKind::Ja4, form) => return observed.ja4 = Some(form.to_owned()),
        Held::Form(_, _) => return,
    };
    if list.iter().any(|known| known == form) {
        return;
    }
    if list.len() < KEPT_MAX { list.push(form.to_owned()) } else { observed.left_out += 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything an event holds, a line each: kind, value, place.
    fn check(event: Event<'_>, expected: &[&str]) {
        let mut told = Vec::new();
        let mut each = |held: Held<'_>, place| {
            told.push(match held {
                Held::Address(address) => format!("ip {address} {place}"),
                Held::Form(kind, form) => format!("{} {form} {place}", kind.name()),
            });
        };
        Observer { wanted: &|_| true, each: &mut each }.event(event);
        assert_eq!(told, expected);
        let mut none = |_: Held<'_>, _| panic!("nothing is wanted");
        Observer { wanted: &|_| false, each: &mut none }.event(event);
    }

    #[test]
    fn names_and_addresses_of_answers() {
        let answer = |name: &[u8], data| dns::Answer { name: name.to_vec(), kind: 0, class: 1, ttl: 0, data };
        let message = dns::Message {
            questions: vec![dns::Question { name: b"WWW.a.example".to_vec(), kind: 1, class: 1 }],
            answers: vec![
                answer(b"www.A.example", dns::Data::Name(b"cdn.b.example".to_vec())),
                answer(b"cdn.b.example", dns::Data::A([203, 0, 113, 7].into())),
            ],
            ..dns::Message::default()
        };
        let told = [
            "domain www.a.example question",
            "domain cdn.b.example answer",
            "domain cdn.b.example answer",
            "ip 203.0.113.7 answer",
        ];
        check(Event::Dns(&message), &told);
        check(Event::Doh2(&message), &told);
    }

    #[test]
    fn requests() {
        let request = http::Request {
            target: b"/A?b".to_vec(),
            host: Some(b"drop.example".to_vec()),
            port: Some(8080),
            ..http::Request::default()
        };
        let account = Some("CORP\\Bob".to_owned());
        let exchange = http::Exchange { request: Some(request), account, ..http::Exchange::default() };
        let told = ["url drop.example:8080/A?b url", "domain drop.example host", "account corp\\bob account"];
        check(Event::Http(&exchange), &told);
        let mut headers = http::Headers::default();
        headers.add(b":authority", b"u@Drop.example:8080");
        headers.add(b":path", b"/A?b");
        let request = http2::Part { headers: Some(headers), ..http2::Part::default() };
        check(Event::Http2(&http2::Exchange { request, ..http2::Exchange::default() }), &told[..2]);
    }

    #[test]
    fn both_ends_of_a_mail_and_who_fetches_it() {
        let transaction = smtp::Transaction {
            mail_from: Some(b"<Bob@evil.example>".to_vec()),
            rcpt_to: vec![b"<a@x.example>".to_vec(), b"<b@x.example>".to_vec()],
            account: Some(b"bob".to_vec()),
            ..smtp::Transaction::default()
        };
        let told = [
            "email bob@evil.example envelope",
            "email a@x.example envelope",
            "email b@x.example envelope",
            "account bob account",
        ];
        check(Event::Smtp(&transaction), &told);
        let login = wire::proto::pop3::Exchange { user: Some(b"A@x.example".to_vec()), ..Default::default() };
        check(Event::Pop3(&login), &["email a@x.example account", "account a@x.example account"]);
    }

    #[test]
    fn names_of_files() {
        let transfer = wire::proto::ftp_data::Transfer { command: b"STOR".to_vec(), name: b"/pub/Evil.EXE".to_vec() };
        check(Event::FtpData(&transfer), &["file-name evil.exe file-name"]);
        let said = |command: &[u8]| ftp::Exchange {
            command: Some(command.to_vec()),
            argument: b"Evil.EXE".to_vec(),
            ..ftp::Exchange::default()
        };
        check(Event::Ftp(&said(b"RETR")), &["file-name evil.exe file-name"]);
        check(Event::Ftp(&said(b"PASS")), &[]);
        let what = smb::What::Rename { from: "dir\\a.tmp".to_owned(), to: "dir\\Evil.exe".to_owned() };
        let (command, status) = (smb::Command::Two(17), smb::Status::None);
        let exchange = smb::Exchange { command, status, session: 0, tree: 0, what };
        let told = smb::Told { exchange: &exchange, dialect: &smb::Dialect::Unknown };
        check(Event::Smb(told), &["file-name a.tmp file-name", "file-name evil.exe file-name"]);
    }

    #[test]
    fn a_row_keeps_each_value_once_and_counts_what_it_has_no_room_for() {
        let mut observed = Observed::default();
        for number in (0..KEPT_MAX + 3).chain([0, 1]) {
            keep(&mut observed, Held::Form(IndicatorKind::Domain, &format!("{number}.example")));
        }
        assert_eq!((observed.domains.len(), observed.left_out), (KEPT_MAX, 3));
        keep(&mut observed, Held::Address([203, 0, 113, 7].into()));
        keep(&mut observed, Held::Form(IndicatorKind::Ja3, "e7d705a3286e19ea42f587b344ee6865"));
        assert_eq!(observed.addresses, ["203.0.113.7"]);
        assert!(observed.ja3.is_some() && observed.ja4.is_none());
    }
}
