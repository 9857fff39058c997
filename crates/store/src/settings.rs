//! Settings: a JSON value under a name.

use crate::db::{Columns, Sql, sql};
use crate::pack::{from_json, json};
use crate::{Act, Result, Store};
use serde_json::Value;
use std::collections::BTreeMap;

impl Store {
    pub async fn setting(&self, key: &str) -> Result<Option<Value>> {
        let row = sql!("SELECT value FROM settings WHERE key_text = $1", key).optional(self.db.reader()).await?;
        row.map(|row| from_json("setting", key, &row.text("value")?)).transpose()
    }

    pub async fn set_setting(&self, key: &str, value: &Value, act: &Act) -> Result<()> {
        let mut tx = self.db.begin().await?;
        sql!(
            "INSERT INTO settings (key_text, value) VALUES ($1, $2) \
             ON CONFLICT (key_text) DO UPDATE SET value = excluded.value",
            key,
            json("setting", value)?
        )
        .run(&mut *tx)
        .await?;
        self.commit(tx, act).await
    }

    pub async fn settings(&self) -> Result<BTreeMap<String, Value>> {
        let rows = Sql::new("SELECT key_text, value FROM settings").all(self.db.reader()).await?;
        rows.iter()
            .map(|row| {
                let key = row.text("key_text")?;
                let value = from_json("setting", &key, &row.text("value")?)?;
                Ok((key, value))
            })
            .collect()
    }
}
