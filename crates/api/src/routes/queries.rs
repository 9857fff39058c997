//! Asking in SQL: questions, their rows, and those that are kept.

use super::Answer;
use crate::extract::{Json, Path, Query};
use crate::session::{Caller, with_address};
use crate::state::App;
use crate::wire::queries::*;
use crate::{Problem, questions, table};
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use model::Message;
use query::{EXAMPLES, Question, Rows, State as Course, export};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use store::AuditEntry;

const ROWS_MAX: u32 = 1000;
const NAME_CHARS_MAX: usize = 120;
const FUNCTIONS: [&str; 3] =
    ["in_network(address, '10.0.0.0/8')", "is_internal(address)", "json_value(detail, 'http.hostname')"];

/// The tables and columns that can be asked, with questions to begin with.
#[utoipa::path(get, path = "/api/v1/queries/schema", tag = "network", responses((status = 200, body = QuerySchema)))]
pub async fn query_schema(State(app): State<App>) -> Answer<QuerySchema> {
    let lake = app.lake.get();
    let absent = match (&lake, app.desk.program()) {
        (Err(problem), _) => Some(problem.message.clone()),
        (Ok(_), None) => Some(Message::new("query.absent")),
        (Ok(_), Some(_)) => None,
    };
    let view = lake.ok().map(|lake| lake.view());
    let kept = |table: &'static lake::Table| {
        let view = view.as_ref()?;
        let waiting: usize = view.waiting(table).map(|rows| rows.num_rows()).sum();
        let in_files: u64 = view.files().filter(|file| file.table == table.name).map(|file| file.rows).sum();
        Some(in_files + waiting as u64)
    };
    let of_lake = lake::TABLES.iter().map(|table| QueryTable {
        name: table.name.to_owned(),
        columns: columns(&table.schema()),
        rows: kept(table),
    });
    let beside = [records::ASSETS.schema(), records::ASSET_ADDRESSES.schema(), records::EXPOSURES.schema()];
    let names = [records::ASSETS.name, records::ASSET_ADDRESSES.name, records::EXPOSURES.name];
    let beside = beside.iter().zip(names).map(|(schema, name)| QueryTable {
        name: name.to_owned(),
        columns: columns(schema),
        rows: None,
    });
    let limits = app.desk.limits();
    Ok(axum::Json(QuerySchema {
        tables: of_lake.chain(beside).collect(),
        functions: FUNCTIONS.map(str::to_owned).into(),
        examples: EXAMPLES
            .iter()
            .map(|(name, sql)| QueryExample { name: (*name).into(), sql: (*sql).into() })
            .collect(),
        saved: app.store.saved_queries().await?.into_iter().map(saved).collect(),
        limits: QueryLimits { seconds: limits.seconds, memory_bytes: limits.memory_bytes, rows: limits.rows },
        absent,
    }))
}

fn columns(schema: &arrow_schema::Schema) -> Vec<QueryColumn> {
    schema.fields().iter().map(|field| column(query::Column::of(field))).collect()
}

fn column(column: query::Column) -> QueryColumn {
    QueryColumn { name: column.name, holds: column.holds }
}

fn saved(query: store::SavedQuery) -> SavedQuery {
    SavedQuery { id: query.id, name: query.name, sql: query.sql, by: query.owner, changed: query.changed }
}

/// What the caller asked, the newest first.
#[utoipa::path(get, path = "/api/v1/queries", tag = "network", responses((status = 200, body = QueryList)))]
pub async fn queries(State(app): State<App>, caller: Caller) -> Answer<QueryList> {
    let rows = app.desk.questions(&caller.actor()).iter().map(|question| row(question)).collect();
    Ok(axum::Json(QueryList { rows }))
}

/// Asks. The answer is made by a process of its own, within limits.
#[utoipa::path(post, path = "/api/v1/queries", tag = "network", request_body = NewQuery,
    responses((status = 202, body = QueryRow)))]
pub async fn ask(
    State(app): State<App>,
    caller: Caller,
    Json(new): Json<NewQuery>,
) -> Result<(StatusCode, axum::Json<QueryRow>), Problem> {
    app.lake.get()?;
    let beside = questions::beside(&app, &new.sql).await?;
    let asked = app.desk.ask(new.sql, &caller.actor(), beside);
    let question = asked.map_err(|why| match why.code.as_str() {
        "query.too-long" => Problem::bad_request(why),
        _ => Problem::new(StatusCode::SERVICE_UNAVAILABLE, why),
    })?;
    // What was asked is on record before anybody can see an answer.
    if let Err(problem) = note(&app, &caller, "query.ask", "query", json!({ "sql": question.sql })).await {
        app.desk.remove(question.id, &caller.actor());
        return Err(problem);
    }
    Ok((StatusCode::ACCEPTED, axum::Json(row(&question))))
}

/// A question and how far it is.
#[utoipa::path(get, path = "/api/v1/queries/{id}", tag = "network", responses((status = 200, body = QueryRow)))]
pub async fn query(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Answer<QueryRow> {
    Ok(axum::Json(row(&*question(&app, &caller, &id)?)))
}

/// Some rows of an answer.
#[utoipa::path(get, path = "/api/v1/queries/{id}/rows", tag = "network", params(QueryRowsQuery),
    responses((status = 200, body = QueryRows)))]
pub async fn query_rows(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Query(page): Query<QueryRowsQuery>,
) -> Answer<QueryRows> {
    let question = question(&app, &caller, &id)?;
    let total = answered(&question)?.rows;
    let limit = page.limit.unwrap_or(100).clamp(1, ROWS_MAX) as usize;
    let read = move || Rows::open(&question.rows())?.page(page.from, limit);
    let rows = tokio::task::spawn_blocking(read).await.map_err(Problem::internal)?.map_err(Problem::internal)?;
    Ok(axum::Json(QueryRows { rows, total }))
}

/// An answer as a file: CSV, one JSON object a line, or Parquet.
#[utoipa::path(get, path = "/api/v1/queries/{id}/export", tag = "network", params(QueryExportQuery),
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>)))]
pub async fn export_query(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Query(asked): Query<QueryExportQuery>,
) -> Result<Response, Problem> {
    let question = question(&app, &caller, &id)?;
    let rows = answered(&question)?.rows;
    let form = match asked.form {
        QueryForm::Csv => export::Form::Csv,
        QueryForm::Json => export::Form::Json,
        QueryForm::Parquet => export::Form::Parquet,
    };
    let params = json!({ "sql": question.sql, "rows": rows, "form": form.extension() });
    note(&app, &caller, "query.export", "query", params).await?;
    let name = format!("redoubt-query-{}.{}", question.id, form.extension());
    // Each has a file of its own: the same answer may be taken twice at once.
    static TAKEN: AtomicU64 = AtomicU64::new(0);
    let taken = TAKEN.fetch_add(1, Ordering::Relaxed);
    let file = question.rows().with_extension(format!("{taken}.{}", form.extension()));
    let write = move || {
        // Whole before anything of it is sent: what goes wrong is an error and not half a file.
        let out = std::fs::File::create(&file)?;
        let written = export::write(&question.rows(), form, out).map_err(std::io::Error::other);
        let out = written.and_then(|()| std::fs::File::open(&file));
        std::fs::remove_file(&file)?;
        out
    };
    let file = tokio::task::spawn_blocking(write).await.map_err(Problem::internal)?.map_err(Problem::internal)?;
    let mut response = table::file(&name, form.media_type(), Vec::new());
    *response.body_mut() = body(tokio::fs::File::from_std(file));
    Ok(response)
}

fn body(file: tokio::fs::File) -> Body {
    use tokio::io::AsyncReadExt;
    super::system::pieces(file.take(u64::MAX))
}

/// Gives a question up, or lets go of its answer.
#[utoipa::path(delete, path = "/api/v1/queries/{id}", tag = "network", responses((status = 204)))]
pub async fn delete_query(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let number = id.parse().map_err(|_| Problem::not_found("query", &id))?;
    match app.desk.remove(number, &caller.actor()) {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(Problem::not_found("query", &id)),
    }
}

/// Keeps a question for everybody; one of the same name is replaced.
#[utoipa::path(post, path = "/api/v1/queries/saved", tag = "network", request_body = NewSavedQuery,
    responses((status = 204)))]
pub async fn save_query(
    State(app): State<App>,
    caller: Caller,
    Json(new): Json<NewSavedQuery>,
) -> Result<StatusCode, Problem> {
    let name: String = new.name.trim().chars().filter(|c| !c.is_control()).take(NAME_CHARS_MAX).collect();
    if name.is_empty() {
        return Err(Problem::bad_request(Message::new("query.no-name")));
    }
    if new.sql.trim().is_empty() {
        return Err(Problem::bad_request(Message::new("query.one")));
    }
    if new.sql.len() > query::SQL_BYTES_MAX {
        let kib = (query::SQL_BYTES_MAX >> 10) as i64;
        return Err(Problem::bad_request(Message::new("query.too-long").number("kib", kib)));
    }
    let act = caller.act(&app, "query.save", format!("query:{name}"), json!({ "sql": new.sql }));
    if !app.store.save_query(&name, &new.sql, &caller.actor(), &act).await? {
        let most = Message::new("query.too-many-saved").number("count", store::SAVED_QUERIES_MAX);
        return Err(Problem::bad_request(most));
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Forgets a question that was kept.
#[utoipa::path(delete, path = "/api/v1/queries/saved/{id}", tag = "network", responses((status = 204)))]
pub async fn delete_saved_query(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let number: i64 = id.parse().map_err(|_| Problem::not_found("query", &id))?;
    let saved = app.store.saved_queries().await?.into_iter().find(|query| query.id == number);
    let saved = saved.ok_or_else(|| Problem::not_found("query", &id))?;
    let act = caller.act(&app, "query.forget", format!("query:{}", saved.name), json!({}));
    app.store.remove_saved_query(number, &act).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn note(
    app: &App,
    caller: &Caller,
    action: &str,
    object: &str,
    params: serde_json::Value,
) -> Result<(), Problem> {
    let entry = AuditEntry {
        actor: caller.actor(),
        action: action.to_owned(),
        object: object.to_owned(),
        params: with_address(params, &caller.address),
    };
    Ok(app.store.record(&entry, app.now()).await?)
}

fn question(app: &App, caller: &Caller, id: &str) -> Result<Arc<Question>, Problem> {
    let number = id.parse().map_err(|_| Problem::not_found("query", id))?;
    app.desk.question(number, &caller.actor()).ok_or_else(|| Problem::not_found("query", id))
}

fn answered(question: &Question) -> Result<query::Done, Problem> {
    match question.state() {
        Course::Done(done) => Ok(done),
        _ => Err(Problem::new(StatusCode::CONFLICT, Message::new("query.no-answer"))),
    }
}

fn row(question: &Question) -> QueryRow {
    let (state, read, why, answer) = match question.state() {
        Course::Waiting => (QueryState::Waiting, query::Progress::default(), None, None),
        Course::Running(read) => (QueryState::Running, read, None, None),
        Course::Stopped => (QueryState::Stopped, query::Progress::default(), None, None),
        Course::Failed(why) => (QueryState::Failed, query::Progress::default(), Some(why), None),
        Course::Done(done) => (QueryState::Done, done.read, None, Some(answer(done))),
    };
    QueryRow {
        id: question.id,
        sql: question.sql.clone(),
        asked: question.asked,
        state,
        took_ms: u64::try_from(question.took().as_millis()).unwrap_or(u64::MAX),
        why,
        read: QueryRead {
            rows: read.rows,
            bytes: read.bytes,
            files: read.files,
            of_files: read.of_files,
            spilled: read.spilled,
        },
        answer,
    }
}

fn answer(done: query::Done) -> QueryAnswer {
    QueryAnswer {
        columns: done.columns.into_iter().map(column).collect(),
        rows: done.rows,
        cut: done.cut,
        cpu_ms: done.cpu_ms,
        peak_bytes: done.peak_bytes,
    }
}

#[cfg(test)]
mod tests {
    use words::{Language, template};

    #[test]
    fn every_table_column_and_example_has_words() {
        let lake = lake::TABLES.iter().map(|table| (table.name, table.schema()));
        let beside = [
            (records::ASSETS.name, records::ASSETS.schema()),
            (records::ASSET_ADDRESSES.name, records::ASSET_ADDRESSES.schema()),
            (records::EXPOSURES.name, records::EXPOSURES.schema()),
        ];
        let mut codes: Vec<String> = query::EXAMPLES.iter().map(|(name, _)| format!("query.example-{name}")).collect();
        for (table, schema) in lake.chain(beside) {
            codes.push(format!("query.table-{table}"));
            codes.extend(schema.fields().iter().map(|field| format!("query.column-{}", field.name())));
        }
        for code in codes {
            assert!(Language::ALL.iter().all(|language| template(&code, *language).is_some()), "{code}");
        }
    }
}
