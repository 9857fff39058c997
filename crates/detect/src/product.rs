//! Weapons against applications: decided by the list of installed programs, where a source has one.

use crate::context::Context;
use knowledge::weapons::{Product, ProductVersion};
use model::{ExposureState, Message, Software};

/// Whether the application is there in a version the weapon hits.
pub fn judge(context: &Context<'_>, product: &Product) -> (ExposureState, Message) {
    let about = |code: &str| Message::new(code).with("product", &product.title);
    // A list with nothing in it is no list: every Windows has programs.
    let Some(list) = context.facts.software.as_ref().filter(|list| !list.is_empty()) else {
        return (ExposureState::Unknown, about("exposure.software-unknown"));
    };
    let found: Vec<&Software> = list.iter().filter(|software| is(product, software)).collect();
    if found.is_empty() {
        return match context.proves() {
            true => (ExposureState::NotAffected, about("exposure.product-absent")),
            false => (ExposureState::Unknown, about("exposure.product-absent")),
        };
    }
    // Several installations: the worst one counts.
    let judged = found.iter().map(|software| one(product, software));
    judged.min_by_key(|(state, _)| *state).unwrap_or((ExposureState::Unknown, about("exposure.software-unknown")))
}

fn is(product: &Product, software: &Software) -> bool {
    let name = software.name.to_lowercase();
    product.names.iter().any(|part| name.contains(part.as_str()))
}

fn one(product: &Product, software: &Software) -> (ExposureState, Message) {
    let about = |code: &str| Message::new(code).with("product", &software.name);
    let text = software.version.as_deref().unwrap_or_default();
    let Ok(version) = text.parse::<ProductVersion>() else {
        return (ExposureState::Unknown, about("exposure.product-version-unknown"));
    };
    let (state, code) = by_version(product, &version);
    (state, about(code).with("version", &version))
}

fn by_version(product: &Product, version: &ProductVersion) -> (ExposureState, &'static str) {
    let too_coarse = product.affected.iter().any(|span| version.blurs(&span.below));
    if too_coarse {
        return (ExposureState::Unknown, "exposure.product-version-coarse");
    }
    if product.affected.iter().any(|span| *version >= span.from && *version < span.below) {
        return (ExposureState::Open, "exposure.product-affected");
    }
    if product.fixed_from.as_ref().is_some_and(|fixed| version >= fixed) {
        return (ExposureState::Fixed, "exposure.product-fixed");
    }
    (ExposureState::Unknown, "exposure.product-version-unlisted")
}
