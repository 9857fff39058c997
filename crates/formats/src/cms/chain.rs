//! Chains of certificates: whether each was made by the key of the next, which may make certificates (RFC 5280, section 6.1),
//! what for, and where it leads to. Names link nothing: anybody may write one.

use super::roots::{Root, root_of};
use super::{Certificate, Checked, digest_of_signature};
use ring::signature as keys;
use x509_parser::extensions::ExtendedKeyUsage;

/// Certificates of one chain; four are usual.
const LINKS_MAX: usize = 10;
/// Certificates of one name whose keys are tried.
const NAMESAKES_MAX: usize = 4;

/// A certificate and those who made it, as far as they are at hand.
#[derive(Debug)]
pub struct Chain<'c, 'a> {
    pub links: Vec<&'c Certificate<'a>>,
    /// What is wrong, with the certificate that it is wrong of.
    pub faults: Vec<(&'c Certificate<'a>, Fault)>,
    pub root: Root,
}

/// What is wrong with a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// No key of whom it names as its issuer made it.
    Forged,
    /// It made another, and may make none, or none so deep.
    MayNotIssue,
    /// Not checked: this algorithm or this kind of key is not known here.
    Unknown(String),
}

/// What a certificate has to be made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    SigningCode,
    Stamping,
}

impl<'a> Certificate<'a> {
    /// The certificates from this one to the last of its issuers that is among them, each once.
    pub fn chain<'c>(&'c self, among: &'c [Certificate<'a>]) -> Chain<'c, 'a> {
        let mut chain = Chain { links: vec![self], faults: Vec::new(), root: Root::Unknown };
        let mut last = self;
        while !last.is_self_issued()
            && chain.links.len() < LINKS_MAX
            && let Some((next, checked)) = issuer(last, among)
            && !chain.links.iter().any(|known| known.whole == next.whole)
        {
            chain.note(last, checked);
            if !next.may_issue(chain.links.iter().skip(1).filter(|link| !link.is_self_issued()).count()) {
                chain.faults.push((next, Fault::MayNotIssue));
            }
            chain.links.push(next);
            last = next;
        }
        // What a root says of itself nobody relies on; one that stands alone has nobody else.
        if self.is_self_issued() {
            chain.note(self, self.signed_by(self));
        }
        chain.root = root_of(&chain.links);
        if chain.root == Root::Forged {
            chain.faults.push((last, Fault::Forged));
        }
        chain
    }

    /// Whether the key of another made this one.
    pub(super) fn signed_by(&self, issuer: &Certificate) -> Checked {
        let oid = self.parsed.signature_algorithm.algorithm.to_id_string();
        let known = digest_of_signature(&oid).and_then(|digest| issuer.key(digest));
        let Some((key, algorithm)) = known else { return Checked::Unknown(oid) };
        let signed = self.parsed.tbs_certificate.as_ref();
        match keys::UnparsedPublicKey::new(algorithm, key).verify(signed, &self.parsed.signature_value.data) {
            Ok(()) => Checked::Right,
            Err(_) => Checked::Wrong,
        }
    }

    pub(super) fn has_key_of(&self, other: &Certificate) -> bool {
        self.parsed.public_key().raw == other.parsed.public_key().raw
    }

    /// Whether it may make certificates that stand over so many others that make some.
    fn may_issue(&self, between: usize) -> bool {
        let (Ok(constraints), Ok(usage)) = (self.parsed.basic_constraints(), self.parsed.key_usage()) else {
            return false;
        };
        let may = match constraints.map(|extension| extension.value) {
            Some(constraints) => {
                constraints.ca && constraints.path_len_constraint.is_none_or(|most| between as u64 <= most.into())
            }
            // Roots of the years before 2000 say nothing of that.
            None => self.is_self_issued(),
        };
        may && usage.is_none_or(|usage| usage.value.key_cert_sign())
    }

    /// Whether it limits what it is for to something else.
    fn excludes(&self, purpose: Purpose) -> bool {
        let is_for = |usage: &ExtendedKeyUsage| match purpose {
            Purpose::SigningCode => usage.any || usage.code_signing,
            Purpose::Stamping => usage.any || usage.time_stamping,
        };
        !self.parsed.extended_key_usage().is_ok_and(|usage| usage.is_none_or(|usage| is_for(usage.value)))
    }

    fn may_sign(&self) -> bool {
        self.parsed.key_usage().is_ok_and(|usage| {
            usage.is_none_or(|usage| usage.value.digital_signature() || usage.value.non_repudiation())
        })
    }
}

/// Who made a certificate: of those that have the name the one whose key did, or else one that has only the name.
fn issuer<'c, 'a>(of: &Certificate, among: &'c [Certificate<'a>]) -> Option<(&'c Certificate<'a>, Checked)> {
    let named = among.iter().filter(|next| next.subject_der() == of.issuer_der()).take(NAMESAKES_MAX);
    let mut checked = named.map(|next| (next, of.signed_by(next))).collect::<Vec<_>>();
    checked.sort_by_key(|(_, checked)| match checked {
        Checked::Right => 0,
        Checked::Unknown(_) => 1,
        Checked::Wrong => 2,
    });
    checked.into_iter().next()
}

impl<'c, 'a> Chain<'c, 'a> {
    fn note(&mut self, link: &'c Certificate<'a>, checked: Checked) {
        match checked {
            Checked::Right => {}
            Checked::Wrong => self.faults.push((link, Fault::Forged)),
            Checked::Unknown(algorithm) => self.faults.push((link, Fault::Unknown(algorithm))),
        }
    }

    /// Whether it leads, right link by right link, to a root that is known.
    pub fn is_rooted(&self) -> bool {
        self.root == Root::Known && self.is_right() == Checked::Right
    }

    /// Whether every link is right. Nobody can say that of a certificate whose issuer is not at hand.
    pub fn is_right(&self) -> Checked {
        let wrong = self.faults.iter().any(|(_, fault)| !matches!(fault, Fault::Unknown(_)));
        let unknown = self.faults.iter().find_map(|(_, fault)| match fault {
            Fault::Unknown(algorithm) => Some(algorithm.clone()),
            Fault::Forged | Fault::MayNotIssue => None,
        });
        match unknown {
            _ if wrong => Checked::Wrong,
            Some(algorithm) => Checked::Unknown(algorithm),
            None => Checked::Right,
        }
    }

    /// Whether there is a link, or a certificate that made itself: otherwise there is nothing to check.
    pub fn is_linked(&self) -> bool {
        self.links.len() > 1 || self.is_self_made() || self.root != Root::Unknown
    }

    /// One that nobody else made.
    pub fn is_self_made(&self) -> bool {
        matches!(self.links.as_slice(), [only] if only.is_self_issued())
    }

    /// Whether its first certificate may sign for a purpose, and none above it limits what it makes to others.
    pub fn is_for(&self, purpose: Purpose) -> bool {
        let [first, ..] = self.links.as_slice() else { return false };
        // Who says the time has to be made for it by name (RFC 3161, section 2.3).
        let said = purpose != Purpose::Stamping || first.parsed.extended_key_usage().is_ok_and(|usage| usage.is_some());
        said && first.may_sign() && !self.links.iter().any(|link| link.excludes(purpose))
    }

    /// The first certificate that was not valid at a time. A root is relied on for being known, and not for its dates.
    pub fn not_valid_at(&self, time: i64) -> Option<&'c Certificate<'a>> {
        let dated = self.links.iter().enumerate().filter(|(at, link)| *at == 0 || !link.is_self_issued());
        dated.map(|(_, link)| *link).find(|link| {
            let (from, until) = link.validity();
            !(from..=until).contains(&time)
        })
    }
}
