//! Whether who signed could: right chains, and each way in which one is wrong.

use super::ROOM;
use super::build::{Program, signed_by};
use super::signing::{Identity, Signing, Stamping, authority, leaf, parameters};
use crate::{Reading, State, Value};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, DnValue, ExtendedKeyUsagePurpose as Purpose, IsCa,
    KeyUsagePurpose,
};

const YEARS: (i32, i32) = (2019, 2022);
const THEN: &str = "20200601120000Z";

/// What is told of who signed: the facts in short, and the oddities.
fn told(reading: &Reading) -> String {
    let fact = |name: &str| {
        let vector = reading.vectors.iter().find(|vector| vector.name == name);
        match vector.map(|vector| &vector.state) {
            Some(State::Known(Value::Flag(true))) => "yes",
            Some(State::Known(Value::Flag(false))) => "no",
            Some(State::Absent) => "absent",
            _ => "?",
        }
    };
    let mut text = String::new();
    for name in ["right", "chain_right", "code_signing", "valid_when_signed", "time.right", "time.chain_right"] {
        text.push_str(&format!("{name} {}, ", fact(&format!("signature.{name}"))));
    }
    let odd = reading.oddities.iter().map(|odd| odd.message.code.as_str());
    text + &odd.filter(|code| *code != "pe.no-imports").collect::<Vec<_>>().join(" ")
}

#[test]
fn the_name_of_a_known_root_is_no_root() {
    // As its certificate spells it, byte for byte.
    let name = [
        (DnType::CountryName, "US"),
        (DnType::OrganizationName, "DigiCert Inc"),
        (DnType::OrganizationalUnitName, "www.digicert.com"),
        (DnType::CommonName, "DigiCert Trusted Root G4"),
    ];
    let root = Identity::self_made(but(authority("Root"), |root| {
        root.distinguished_name = DistinguishedName::new();
        for (kind, text) in name {
            root.distinguished_name.push(kind, DnValue::PrintableString(text.try_into().unwrap()));
        }
    }));
    let issuer = Identity::made_by(&root, authority("Issuer"));
    let signer = Identity::made_by(&issuer, leaf("Signer", YEARS, Purpose::CodeSigning));
    let told = |with| told_of(&Signing { by: &signer, with, stamp: None });
    for with in [vec![&issuer, &root], vec![&issuer]] {
        let told = told(with);
        assert!(told.contains("chain_right no") && told.contains("pe.signature-chain-wrong"), "{told}");
    }
}

/// Everybody there is: a root, an issuer and a signer of programs, and the same for stamps.
struct World {
    root: Identity,
    issuer: Identity,
    signer: Identity,
    stamps: Identity,
    clock: Identity,
}

impl World {
    fn new() -> World {
        World::with(authority("Issuer"), leaf("Signer", YEARS, Purpose::CodeSigning))
    }

    fn with(issuer: CertificateParams, signer: CertificateParams) -> World {
        let root = Identity::self_made(authority("Root"));
        let issuer = Identity::made_by(&root, issuer);
        let signer = Identity::made_by(&issuer, signer);
        let stamps = Identity::made_by(&root, authority("Stamps"));
        let clock = Identity::made_by(&stamps, leaf("Clock", (2019, 2030), Purpose::TimeStamping));
        World { root, issuer, signer, stamps, clock }
    }

    fn stamp(&self) -> Stamping<'_> {
        self.stamp_by(&self.clock)
    }

    fn stamp_by<'i>(&'i self, by: &'i Identity) -> Stamping<'i> {
        Stamping { by, with: vec![&self.stamps, &self.root], time: THEN }
    }

    fn told(&self) -> String {
        told_of(&Signing { by: &self.signer, with: vec![&self.issuer, &self.root], stamp: Some(self.stamp()) })
    }
}

fn told_of(signing: &Signing) -> String {
    told(&ROOM.read(&signed_by(Program::new(true).bytes(), true, signing)))
}

fn but(mut parameters: CertificateParams, change: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    change(&mut parameters);
    parameters
}

const ALL_RIGHT: &str =
    "right yes, chain_right yes, code_signing yes, valid_when_signed yes, time.right yes, time.chain_right yes, ";

#[test]
fn a_right_chain_and_a_right_stamp() {
    assert_eq!(World::new().told(), ALL_RIGHT);
}

#[test]
fn the_root_need_not_be_there_and_an_issuer_must() {
    let world = World::new();
    let signing = |with: Vec<_>, stamp| told_of(&Signing { by: &world.signer, with, stamp });
    let short = Stamping { with: vec![&world.stamps], ..world.stamp() };
    assert_eq!(signing(vec![&world.issuer], Some(short)), ALL_RIGHT);
    assert_eq!(
        signing(vec![], None),
        "right yes, chain_right absent, code_signing yes, valid_when_signed absent, time.right ?, time.chain_right ?, "
    );
}

#[test]
fn a_name_of_an_issuer_is_no_issuer() {
    let world = World::new();
    // Another key under the same name, as somebody makes for himself.
    let (other, namesake) = (Identity::self_made(authority("Root")), Identity::self_made(authority("Issuer")));
    let signer = Identity::made_by(&namesake, leaf("Signer", YEARS, Purpose::CodeSigning));
    let told = |by, with| told_of(&Signing { by, with, stamp: Some(world.stamp()) });
    let forged = "right yes, chain_right no, code_signing yes, valid_when_signed yes, time.right yes, \
        time.chain_right yes, pe.signature-chain-wrong";
    assert_eq!(told(&signer, vec![&world.issuer, &world.root]), forged);
    assert_eq!(told(&world.signer, vec![&world.issuer, &other]), forged);
    // Of two with one name the one that made it is its issuer, in whichever order they stand.
    assert_eq!(told(&world.signer, vec![&namesake, &world.issuer, &world.root]), ALL_RIGHT);
    assert_eq!(told(&world.signer, vec![&world.issuer, &other, &world.root]), ALL_RIGHT);
}

#[test]
fn an_issuer_has_to_be_one() {
    let wrong = |issuer: CertificateParams, expected: &str| {
        let told = World::with(issuer, leaf("Signer", YEARS, Purpose::CodeSigning)).told();
        assert_eq!(told, ALL_RIGHT.replace("chain_right yes, code", "chain_right no, code") + expected);
    };
    let not_one = leaf("Issuer", (2010, 2040), Purpose::CodeSigning);
    wrong(not_one.clone(), "pe.signature-issuer-unfit");
    wrong(but(not_one, |issuer| issuer.is_ca = IsCa::ExplicitNoCa), "pe.signature-issuer-unfit");
    let signs = |issuer: &mut CertificateParams| issuer.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    wrong(but(authority("Issuer"), signs), "pe.signature-issuer-unfit");
    // A root that allows nobody below it to make any.
    let mut world = World::new();
    let alone = |root: &mut CertificateParams| root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    world.root = Identity::self_made(but(authority("Root"), alone));
    world.issuer = Identity::made_by(&world.root, authority("Issuer"));
    world.signer = Identity::made_by(&world.issuer, leaf("Signer", YEARS, Purpose::CodeSigning));
    let signing = Signing { by: &world.signer, with: vec![&world.issuer, &world.root], stamp: None };
    assert!(told_of(&signing).ends_with("pe.signature-issuer-unfit"));
}

#[test]
fn a_certificate_for_something_else_signs_no_program() {
    let wrong = ALL_RIGHT.replace("code_signing yes", "code_signing no") + "pe.signature-not-for-code";
    let told = |issuer, signer| World::with(issuer, signer).told();
    assert_eq!(told(authority("Issuer"), leaf("Signer", YEARS, Purpose::ServerAuth)), wrong);
    let mut usage = leaf("Signer", YEARS, Purpose::CodeSigning);
    usage.key_usages = vec![KeyUsagePurpose::KeyEncipherment];
    assert_eq!(told(authority("Issuer"), usage), wrong);
    // Whoever makes certificates for servers makes none for programs.
    let mut servers = authority("Issuer");
    servers.extended_key_usages = vec![Purpose::ServerAuth];
    assert_eq!(told(servers, leaf("Signer", YEARS, Purpose::CodeSigning)), wrong);
    // One that says nothing of it is for everything.
    let mut any = parameters("Signer", YEARS);
    any.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    assert_eq!(told(authority("Issuer"), any), ALL_RIGHT);
}

#[test]
fn a_certificate_that_was_over_signs_nothing() {
    let wrong = ALL_RIGHT.replace("valid_when_signed yes", "valid_when_signed no") + "pe.signature-out-of-time";
    for years in [(2017, 2019), (2021, 2023)] {
        let told = World::with(authority("Issuer"), leaf("Signer", years, Purpose::CodeSigning)).told();
        assert_eq!(told, wrong, "{years:?}");
    }
    let issuer = but(authority("Issuer"), |issuer| issuer.not_after = rcgen::date_time_ymd(2020, 1, 1));
    assert_eq!(World::with(issuer, leaf("Signer", YEARS, Purpose::CodeSigning)).told(), wrong);
    // Without a stamp nobody knows when it was.
    let world = World::with(authority("Issuer"), leaf("Signer", (2017, 2019), Purpose::CodeSigning));
    let told = told_of(&Signing { by: &world.signer, with: vec![&world.issuer], stamp: None });
    assert!(told.contains("valid_when_signed absent") && !told.contains("out-of-time"), "{told}");
}

#[test]
fn a_stamp_is_only_as_good_as_who_made_it() {
    let world = World::new();
    let wrong = |stamp: Stamping, expected: &str| {
        let told = told_of(&Signing { by: &world.signer, with: vec![&world.issuer], stamp: Some(stamp) });
        let facts = ALL_RIGHT.replace("when_signed yes", "when_signed absent");
        assert_eq!(told, facts.replace("time.chain_right yes", "time.chain_right no") + expected);
    };
    let stamping = |years| leaf("Clock", years, Purpose::TimeStamping);
    wrong(world.stamp_by(&Identity::self_made(stamping((2019, 2030)))), "pe.stamp-self-made");
    let other = Identity::self_made(authority("Stamps"));
    wrong(world.stamp_by(&Identity::made_by(&other, stamping((2019, 2030)))), "pe.stamp-chain-wrong");
    wrong(world.stamp_by(&Identity::made_by(&world.stamps, stamping((2015, 2018)))), "pe.stamp-out-of-time");
    let for_code = leaf("Clock", (2019, 2030), Purpose::CodeSigning);
    wrong(world.stamp_by(&Identity::made_by(&world.stamps, for_code)), "pe.stamp-not-for-stamps");
    let unfit = Identity::made_by(&world.signer, stamping((2019, 2030)));
    let with = vec![&world.signer, &world.issuer, &world.root];
    wrong(Stamping { by: &unfit, with, time: THEN }, "pe.stamp-issuer-unfit pe.stamp-not-for-stamps");
}

#[test]
fn a_stamp_of_another_signature_says_nothing() {
    let world = World::new();
    let signing = |stamp| Signing { by: &world.signer, with: vec![&world.issuer], stamp };
    let mut bytes = signed_by(Program::new(true).bytes(), true, &signing(Some(world.stamp())));
    // The hash of the signature stands in the token behind its algorithm: the last time that this is met.
    let algorithm = [super::signing::SHA_256, &[5, 0, 4, 32]].concat();
    let at = bytes.windows(algorithm.len()).enumerate().rfind(|(_, window)| *window == algorithm).unwrap().0
        + algorithm.len();
    bytes[at] ^= 1;
    let told = told(&ROOM.read(&bytes));
    assert!(told.contains("valid_when_signed absent") && told.ends_with("pe.stamp-wrong"), "{told}");
}
