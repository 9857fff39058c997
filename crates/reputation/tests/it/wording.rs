//! Every sentence of the model has words in both languages, and every one of the words is said.

use crate::kit::{BEGIN, DAY, content, digest, program, sighting};
use model::Message;
use reputation::{Analysis, Deployment, Facts, Limits, Network, Publisher, Sighting, Source, View, explain, fold};
use std::collections::{BTreeMap, BTreeSet};
use words::Language;

/// A network in which everything happens.
fn network() -> Network {
    let mut network = Network::new(Limits::default());
    let by = |name: &str, trusted| Some(Publisher { name: name.to_owned(), trusted });
    let signed = |name, trusted| Facts { publisher: by(name, trusted), ..Facts::default() };
    for file in [1, 2] {
        network.learn(digest(file), signed("listed", true));
    }
    network.learn(digest(3), signed("unlisted", false));
    network.learn(digest(4), Facts { analysis: Analysis::Detected(2), ..Facts::default() });
    network.learn(digest(5), Facts { package: Some("tool".to_owned()), ..Facts::default() });
    let files = [digest(6)].into();
    network.declare(Deployment { deployer: content("deployer"), from: 0, until: 1, groups: [].into(), files });
    for file in 0..8 {
        for host in 0..20 {
            for week in 0..8 {
                let at = BEGIN + week * 7 * DAY + host as i64;
                let source = if file < 3 { Source::Outside } else { Source::Host };
                let writer = Some(program(if file < 3 { "browser" } else { "dropper" }));
                fold(
                    &mut network,
                    &Sighting { source, writer, ..sighting(file, host + 100 * file.min(4), host % 4, at) },
                );
            }
        }
    }
    fold(&mut network, &Sighting { parent: None, writer: None, hour: None, ..sighting(8, 400, 1, BEGIN) });
    fold(&mut network, &Sighting { source: Source::Package, ..sighting(9, 900, 1, BEGIN) });
    network
}

fn said() -> Vec<Message> {
    let network = network();
    let view = View::new(&network, BEGIN + 60 * DAY);
    let standings: Vec<_> = (0..11).map(|file| view.standing(&digest(file))).collect();
    let changes = standings.iter().flat_map(|standing| explain(standing).changes).map(|change| change.what);
    standings.iter().flat_map(|standing| &standing.terms).map(|term| term.why.clone()).chain(changes).collect()
}

#[test]
fn every_sentence_is_said_in_both_languages_and_filled() {
    let said = said();
    let codes: BTreeSet<_> = said.iter().map(|message| message.code.clone()).collect();
    for language in Language::ALL {
        let path = testkit::workspace().join(format!("locales/{language}/reputation.json"));
        let words: BTreeMap<String, String> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let keys: BTreeSet<_> = words.keys().map(|key| format!("reputation.{key}")).collect();
        assert_eq!(codes, keys, "{language}");
        for message in &said {
            let text = words::text(message, language);
            assert!(!text.contains("{{") && !text.contains("reputation."), "{text}");
        }
    }
}
