//! Imported knowledge that lies over the built-in one, and the column mappings people made for their tables.

use crate::db::{Columns, Sql, sql};
use crate::pack::{clean, from_json, json, pack_bytes, sha256_hex, sure_time, unpack_bytes};
use crate::{Act, Error, Result, Store};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOverlay {
    /// `catalogue`, `kev`, `epss`…: the newest of a kind replaces the one before.
    pub kind: String,
    /// The file it came from.
    pub name: String,
    /// The day or version the data says of itself.
    pub released: String,
    pub body: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overlay {
    pub kind: String,
    pub name: String,
    pub released: String,
    pub sha256: String,
    pub imported: Timestamp,
}

/// How the columns of a table are read, under the name a person gave it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mapping {
    pub name: String,
    pub body: Value,
    pub changed: Timestamp,
}

impl Store {
    pub async fn put_overlay(&self, overlay: &NewOverlay, act: &Act) -> Result<Overlay> {
        let sha256 = sha256_hex(&overlay.body);
        let mut tx = self.db.begin().await?;
        sql!(
            "INSERT INTO overlays (kind, name, sha256, released, imported, body) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (kind) DO UPDATE SET name = excluded.name, sha256 = excluded.sha256, \
             released = excluded.released, imported = excluded.imported, body = excluded.body",
            clean(&overlay.kind),
            clean(&overlay.name),
            sha256.as_str(),
            clean(&overlay.released),
            act.micros(),
            pack_bytes("knowledge", &overlay.body)?
        )
        .run(&mut *tx)
        .await?;
        self.commit(tx, act).await?;
        Ok(Overlay {
            kind: overlay.kind.clone(),
            name: overlay.name.clone(),
            released: overlay.released.clone(),
            sha256,
            imported: act.now,
        })
    }

    pub async fn overlays(&self) -> Result<Vec<Overlay>> {
        let rows = Sql::new("SELECT kind, name, sha256, released, imported FROM overlays ORDER BY kind")
            .all(self.db.reader())
            .await?;
        rows.iter()
            .map(|row| {
                Ok(Overlay {
                    kind: row.text("kind")?,
                    name: row.text("name")?,
                    released: row.text("released")?,
                    sha256: row.text("sha256")?,
                    imported: sure_time(row.int("imported")?),
                })
            })
            .collect()
    }

    /// The bytes of an overlay, checked against the digest they were stored with.
    pub async fn overlay_body(&self, kind: &str) -> Result<Vec<u8>> {
        let row = sql!("SELECT sha256, body FROM overlays WHERE kind = $1", kind)
            .optional(self.db.reader())
            .await?
            .ok_or_else(|| Error::not_found("knowledge", kind))?;
        let body = unpack_bytes("knowledge", kind, &row.bytes("body")?)?;
        if sha256_hex(&body) != row.text("sha256")? {
            let source = "the content does not have the digest it was stored with".into();
            return Err(Error::Damaged { what: "knowledge", id: kind.to_owned(), source });
        }
        Ok(body)
    }

    pub async fn remove_overlay(&self, kind: &str, act: &Act) -> Result<()> {
        let mut tx = self.db.begin().await?;
        if sql!("DELETE FROM overlays WHERE kind = $1", kind).run(&mut *tx).await? == 0 {
            return Err(Error::not_found("knowledge", kind));
        }
        self.commit(tx, act).await
    }

    pub async fn put_mapping(&self, name: &str, body: &Value, act: &Act) -> Result<()> {
        let mut tx = self.db.begin().await?;
        sql!(
            "INSERT INTO mappings (name, body, changed) VALUES ($1, $2, $3) \
             ON CONFLICT (name) DO UPDATE SET body = excluded.body, changed = excluded.changed",
            clean(name),
            json("mapping", body)?,
            act.micros()
        )
        .run(&mut *tx)
        .await?;
        self.commit(tx, act).await
    }

    pub async fn mappings(&self) -> Result<Vec<Mapping>> {
        let rows = Sql::new("SELECT * FROM mappings ORDER BY name").all(self.db.reader()).await?;
        rows.iter()
            .map(|row| {
                let name = row.text("name")?;
                let body = from_json("mapping", &name, &row.text("body")?)?;
                Ok(Mapping { name, body, changed: sure_time(row.int("changed")?) })
            })
            .collect()
    }

    pub async fn remove_mapping(&self, name: &str, act: &Act) -> Result<()> {
        let mut tx = self.db.begin().await?;
        if sql!("DELETE FROM mappings WHERE name = $1", name).run(&mut *tx).await? == 0 {
            return Err(Error::not_found("mapping", name));
        }
        self.commit(tx, act).await
    }
}
