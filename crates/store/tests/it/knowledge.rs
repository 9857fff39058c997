use crate::fixture::{Place, act};
use serde_json::json;
use store::NewOverlay;

pub async fn an_overlay_comes_back_byte_for_byte(Place { store, .. }: Place) {
    let overlay = |body: Vec<u8>| NewOverlay {
        kind: "kev".to_owned(),
        name: "kev.json".to_owned(),
        released: "2026-01-01".to_owned(),
        body,
    };
    let bytes: Vec<u8> = (0..100_000u32).flat_map(|n| n.to_le_bytes()).collect();
    store.put_overlay(&overlay(b"old".to_vec()), &act()).await.unwrap();
    let kept = store.put_overlay(&overlay(bytes.clone()), &act()).await.unwrap();
    assert_eq!(store.overlays().await.unwrap(), [kept]);
    assert_eq!(store.overlay_body("kev").await.unwrap(), bytes);
    assert!(store.overlay_body("epss").await.unwrap_err().is_not_found());
    store.remove_overlay("kev", &act()).await.unwrap();
    assert!(store.overlays().await.unwrap().is_empty());
}

pub async fn settings_and_mappings_are_replaced(Place { store, .. }: Place) {
    assert_eq!(store.setting("language").await.unwrap(), None);
    for value in [json!("en"), json!({ "纵深": [1, null] })] {
        store.set_setting("language", &value, &act()).await.unwrap();
        store.put_mapping("hosts", &value, &act()).await.unwrap();
        assert_eq!(store.setting("language").await.unwrap(), Some(value.clone()));
        assert_eq!(store.mappings().await.unwrap()[0].body, value);
    }
    assert_eq!(store.settings().await.unwrap().len(), 1);
    store.remove_mapping("hosts", &act()).await.unwrap();
    assert!(store.remove_mapping("hosts", &act()).await.unwrap_err().is_not_found());
}
