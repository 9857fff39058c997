//! From a question to its rows.

use crate::memory::Memory;
use crate::refusal;
use crate::tables::{LakeTable, Place};
use crate::two_stages::TwoStages;
use crate::{functions, groups, tell};
use arrow_schema::{Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::DataFusionError;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::context::SQLOptions;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{ExecutionPlan, SendableRecordBatchStream, execute_stream};
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext, ident};
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{self, SetExpr};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
use futures_util::StreamExt;
use model::Message;
use query::{Asked, Column, Done, Limits, Progress, Told, Writer};
use std::collections::BTreeMap;
use std::ffi::CString;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How often it is told how far a question is.
const TELL_EVERY: Duration = Duration::from_millis(250);
/// Plans are built by functions that call themselves; the engine guards them, and this is room for it.
pub const STACK_BYTES: usize = 32 << 20;
/// Beside the threads that answer, those that read files.
pub const READERS: usize = 2;
/// Operators of a question at most. Many values are a list, which is no level.
const OPERATORS_MAX: usize = 4000;
/// Of the disk that a question writes to, so much stays free for what records.
const RESERVE_BYTES: u64 = 1 << 30;
/// Columns of an answer, and letters of the name of one.
const COLUMNS_MAX: usize = 1000;
const NAME_CHARS_MAX: usize = 200;
/// Selects that are put together, which are planned one within the other.
const UNIONS_MAX: usize = 200;
/// A folder of the lake for what a question leaves there for others to read while they answer it.
pub const ASKED: &str = "asked";

/// Answers a question in this process; tells on the way how far it is.
pub fn ask(asked: Asked) -> Told {
    run(asked, |asked| async move { answer(&asked).await })
}

/// Has a question answered within its limits.
pub fn run<A, F>(mut asked: Asked, answer: A) -> Told
where
    A: FnOnce(Asked) -> F + Send + 'static,
    F: Future<Output = Result<Done, Message>> + Send + 'static,
{
    if let Err(why) = leave_room(&mut asked) {
        return Told::Refused(why);
    }
    let threads = asked.limits.threads.max(1);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .max_blocking_threads(threads + READERS)
        .thread_stack_size(STACK_BYTES)
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return Told::Refused(Message::new("query.worker-ended").reason("cause", &error)),
    };
    let seconds = asked.limits.seconds;
    // In a task of its own, which has the stack of a worker.
    let answering = runtime.spawn(async move { answer(asked).await });
    let answered = runtime.block_on(async { tokio::time::timeout(Duration::from_secs(seconds), answering).await });
    // A step that does not look up keeps nobody waiting: the process ends.
    runtime.shutdown_background();
    match answered {
        Ok(Ok(Ok(done))) => Told::Done(done),
        Ok(Ok(Err(why))) => Told::Refused(why),
        Ok(Err(_)) => Told::Refused(Message::new("query.worker-ended")),
        Err(_) => Told::Refused(Message::new("query.time").number("seconds", seconds.cast_signed())),
    }
}

/// Keeps a question from filling the disk that records: what it may write is what is free beyond a reserve.
fn leave_room(asked: &mut Asked) -> Result<(), Message> {
    let Some(free) = free_bytes(&asked.folder) else { return Ok(()) };
    let Some(room) = free.checked_sub(RESERVE_BYTES).filter(|room| *room > 0) else {
        let mib = i64::try_from(RESERVE_BYTES >> 20).unwrap_or(i64::MAX);
        return Err(Message::new("query.disk").with("path", asked.folder.display()).number("mib", mib));
    };
    asked.limits.spill_bytes = asked.limits.spill_bytes.min(room);
    asked.limits.result_bytes = asked.limits.result_bytes.min(room);
    Ok(())
}

/// What is free on the disk of a folder; none when the system does not say.
fn free_bytes(folder: &Path) -> Option<u64> {
    let path = CString::new(folder.as_os_str().as_encoded_bytes()).ok()?;
    // SAFETY: a struct of numbers, which the call fills; the path ends with a zero and lives until it returns.
    unsafe {
        let mut disk: libc::statvfs = std::mem::zeroed();
        (libc::statvfs(path.as_ptr(), &mut disk) == 0).then(|| disk.f_bavail.saturating_mul(disk.f_frsize))
    }
}

async fn answer(asked: &Asked) -> Result<Done, Message> {
    let refused = |error: DataFusionError| refusal::of(&error, &asked.limits);
    let bucket = bucket_of(asked)?;
    let view = look(asked).await?;
    let context = context(asked, SessionConfig::new(), Vec::new()).map_err(refused)?;
    let place = match bucket {
        None => Place::Here,
        Some(bucket) => {
            let place = Place::of_bucket(&bucket).map_err(refused)?;
            context.register_object_store(place.store().as_ref(), bucket.store());
            place
        }
    };
    let tables = lake::TABLES.iter().map(|table| LakeTable::of(&view, table, place.clone()));
    let tables = tables.collect::<Result<Vec<_>, _>>().map_err(refused)?;
    drop(view);
    let here = |path: &Path| url::Url::from_file_path(path).ok().map(String::from);
    let question = Question::plan(asked, &context, tables, asked.tables.as_deref(), here).await?;
    let runtime = context.runtime_env();
    let plan = groups::faster(question.plan.clone(), &runtime).map_err(refused)?;
    let stream = execute_stream(plan.clone(), context.task_ctx()).map_err(refused)?;
    question.write(asked, stream, || progress(&*plan, &runtime)).await
}

/// The bucket that the tables of the lake are in, if one is.
pub fn bucket_of(asked: &Asked) -> Result<Option<lake::Bucket>, Message> {
    let bucket = lake::Bucket::of_lake(&asked.lake, asked.bucket_settings.clone());
    bucket.map_err(|error| refusal::with_cause("query.lake", error))
}

/// What the lake of a question holds now.
pub async fn look(asked: &Asked) -> Result<lake::View, Message> {
    let folder = asked.lake.canonicalize().unwrap_or_else(|_| asked.lake.clone());
    let bucket = bucket_of(asked)?;
    let look = move || match &bucket {
        Some(bucket) => lake::View::shared(&folder, bucket),
        None => lake::View::of(&folder),
    };
    let view = tokio::task::spawn_blocking(look).await;
    let view = view.map_err(|_| Message::new("query.worker-ended"))?;
    view.map_err(|error| refusal::with_cause("query.lake", chain(&error)))
}

/// A question that was understood.
pub struct Question {
    pub plan: Arc<dyn ExecutionPlan>,
    /// The columns of the answer, each with a name of its own.
    pub schema: SchemaRef,
    of_files: u64,
    waiting_rows: u64,
}

impl Question {
    /// Plans a question over the tables of the lake and those that lie in a folder.
    pub async fn plan(
        asked: &Asked,
        context: &SessionContext,
        tables: Vec<LakeTable>,
        further: Option<&Path>,
        location: impl Fn(&Path) -> Option<String>,
    ) -> Result<Question, Message> {
        let limits = &asked.limits;
        let refused = |error: DataFusionError| refusal::of(&error, limits);
        let (mut files, mut waiting) = (BTreeMap::new(), BTreeMap::new());
        for table in tables {
            let name = table.name();
            files.insert(name, table.files() as u64);
            waiting.insert(name, table.waiting_rows() as u64);
            register(context, name, table).await.map_err(refused)?;
        }
        let mut known: Vec<String> = files.keys().map(|name| (*name).to_owned()).collect();
        known.extend(further_tables(context, further, location).await?);

        let (plan, asked_of) = planned(context, &asked.sql, &known, limits).await?;
        // They lie in memory, where nothing counts them.
        let waiting_rows = asked_of.iter().filter_map(|table| waiting.get(table.as_str())).sum();
        let of_files = asked_of.iter().filter_map(|table| files.get(table.as_str())).sum();
        let plan = context.state().create_physical_plan(&plan).await.map_err(refused)?;
        let schema = named_apart(&plan.schema());
        if schema.fields().len() > COLUMNS_MAX {
            return Err(Message::new("query.wide"));
        }
        if schema.fields().is_empty() {
            return Err(Message::new("query.no-columns"));
        }
        Ok(Question { plan, schema, of_files, waiting_rows })
    }

    /// Writes the rows of the answer, as many as may be; tells meanwhile how far it is.
    pub async fn write(
        &self,
        asked: &Asked,
        mut stream: SendableRecordBatchStream,
        progress: impl Fn() -> Progress,
    ) -> Result<Done, Message> {
        let limits = &asked.limits;
        let refused = |error: DataFusionError| refusal::of(&error, limits);
        let failed = |error: query::Error| match error {
            query::Error::Wide => Message::new("query.wide"),
            error => refusal::with_cause("query.result", error),
        };
        let schema = &self.schema;
        let mut writer = Writer::create(&query::rows_in(&asked.folder), schema).map_err(failed)?;
        let (mut every, mut cut) = (tokio::time::interval(TELL_EVERY), false);
        // What is on the disk goes when it is read again: the most of it is what is told.
        let spilled = AtomicU64::new(0);
        let read = || {
            let now = progress();
            spilled.fetch_max(now.spilled, Ordering::Relaxed);
            Progress {
                rows: now.rows + self.waiting_rows,
                of_files: now.files.max(self.of_files),
                spilled: spilled.load(Ordering::Relaxed),
                ..now
            }
        };
        loop {
            let batch = tokio::select! {
                biased;
                _ = every.tick() => { tell(&Told::Progress(read())); continue }
                batch = stream.next() => batch,
            };
            let Some(batch) = batch else { break };
            let batch = batch.map_err(refused)?;
            let room = usize::try_from(limits.rows - writer.rows()).unwrap_or(usize::MAX);
            let fits = batch.slice(0, batch.num_rows().min(room));
            let fits = arrow_array::RecordBatch::try_new(schema.clone(), fits.columns().to_vec());
            let fits = fits.map_err(|error| refused(error.into()))?;
            writer.write(&fits).map_err(failed)?;
            if batch.num_rows() > room || writer.bytes() > limits.result_bytes {
                cut = true;
                break;
            }
        }
        let read = read();
        drop(stream);
        let rows = writer.finish().map_err(failed)?;
        let columns = schema.fields().iter().map(|field| Column::of(field)).collect();
        let (cpu_ms, peak_bytes) = used();
        Ok(Done { columns, rows, cut, read, cpu_ms, peak_bytes })
    }
}

/// The engine within its limits: so much memory, the disk of this question, and no other source of rows. Further rules
/// come before its own.
pub fn context(
    asked: &Asked,
    config: SessionConfig,
    further: Vec<Arc<dyn datafusion::optimizer::OptimizerRule + Send + Sync>>,
) -> Result<SessionContext, DataFusionError> {
    let limits = &asked.limits;
    let mut config = config.with_target_partitions(limits.threads.max(1));
    let options = config.options_mut();
    options.execution.parquet.reorder_filters = true;
    options.execution.collect_statistics = false;
    // A sort begins to write to the disk while something is left to do so with.
    options.execution.sort_spill_reservation_bytes = usize::try_from(limits.memory_bytes / 64).unwrap_or(usize::MAX);
    options.catalog.information_schema = false;
    let disk = DiskManagerBuilder::default()
        .with_mode(DiskManagerMode::Directories(vec![asked.folder.clone()]))
        .with_max_temp_directory_size(limits.spill_bytes);
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(Memory::of_process(limits.memory_bytes)))
        .with_disk_manager_builder(disk)
        .build_arc()?;
    let state = SessionStateBuilder::new().with_config(config).with_runtime_env(runtime).with_default_features();
    // Before the engine's own, which leaves some in one stage.
    let mut rules = further;
    rules.push(Arc::new(TwoStages));
    rules.extend(datafusion::optimizer::Optimizer::default().rules);
    let context = SessionContext::new_with_state(state.with_optimizer_rules(rules).build());
    functions::add_to(&context);
    Ok(context)
}

/// Makes a table known. A Community ID that follows from the ends is not in the files: it is made when it is asked.
async fn register(context: &SessionContext, name: &str, table: LakeTable) -> Result<(), DataFusionError> {
    let names: Vec<String> = table.schema().fields().iter().map(|field| field.name().clone()).collect();
    if !functions::COMMUNITY_ID_OF.iter().all(|of| names.iter().any(|name| name == of)) {
        context.register_table(name, Arc::new(table))?;
        return Ok(());
    }
    let whole = functions::community_id();
    let column = |name: &String| match name.as_str() {
        "community_id" => whole.call(functions::COMMUNITY_ID_OF.map(ident).into()).alias(name),
        name => ident(name),
    };
    let stored = context.read_table(Arc::new(table))?;
    let view = stored.select(names.iter().map(column).collect::<Vec<_>>())?.into_view();
    context.register_table(name, view)?;
    Ok(())
}

/// Tables that lie beside the lake, each in a file. Gives their names.
async fn further_tables(
    context: &SessionContext,
    folder: Option<&Path>,
    location: impl Fn(&Path) -> Option<String>,
) -> Result<Vec<String>, Message> {
    let Some(folder) = folder else { return Ok(Vec::new()) };
    let failed = |cause: &dyn std::fmt::Display| refusal::with_cause("query.file", cause);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| failed(&error))? {
        let path = entry.map_err(|error| failed(&error))?.path();
        let (Some(name), Some("parquet")) =
            (path.file_stem().and_then(|name| name.to_str()), path.extension().and_then(|is| is.to_str()))
        else {
            continue;
        };
        let path = path.canonicalize().map_err(|error| failed(&error))?;
        let Some(location) = location(&path) else { continue };
        context
            .register_parquet(name, location, ParquetReadOptions::default())
            .await
            .map_err(|error| failed(&error))?;
        names.push(name.to_owned());
    }
    names.sort();
    Ok(names)
}

/// The plan of a question that only asks, and the tables it asks.
async fn planned(
    context: &SessionContext,
    sql: &str,
    known: &[String],
    limits: &Limits,
) -> Result<(LogicalPlan, Vec<String>), Message> {
    let refused = |error: DataFusionError| refusal::of(&error, limits);
    let state = context.state();
    let dialect = state.config_options().sql_parser.dialect;
    let (operators, unions) = operators(sql);
    if operators > OPERATORS_MAX || unions > UNIONS_MAX {
        let most = Message::new("query.complex").number("count", OPERATORS_MAX as i64);
        return Err(most.number("unions", UNIONS_MAX as i64));
    }
    let statement = state.sql_to_statement(sql, &dialect).map_err(|error| match error.find_root() {
        DataFusionError::SQL(..) => refused(error),
        // There is none, or more than one.
        _ => Message::new("query.one"),
    })?;
    if !only_asks(&statement) {
        return Err(Message::new("query.not-select"));
    }
    let mut tables = Vec::new();
    for table in state.resolve_table_references(&statement).map_err(refused)? {
        let name = table.table().to_owned();
        if table.schema().is_some_and(|schema| schema != "public") || !known.contains(&name) {
            return Err(refusal::no_table(&table.to_string(), known.iter().cloned()));
        }
        tables.push(name);
    }
    let plan = state.statement_to_plan(statement).await.map_err(refused)?;
    let only = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    only.verify_plan(&plan).map_err(|_| Message::new("query.not-select"))?;
    let plan = state.optimize(&plan).map_err(refused)?;
    Ok((plan, tables))
}

/// How many operators a question has, and how many selects are put together in it: each may be a level of its own, and
/// levels cost stack.
fn operators(sql: &str) -> (usize, usize) {
    let tokens = Tokenizer::new(&GenericDialect {}, sql).tokenize().unwrap_or_default();
    let (mut operators, mut unions) = (0, 0);
    for token in &tokens {
        match token {
            Token::Word(word) => match word.keyword {
                Keyword::UNION | Keyword::INTERSECT | Keyword::EXCEPT | Keyword::MINUS => unions += 1,
                Keyword::AND
                | Keyword::OR
                | Keyword::NOT
                | Keyword::IS
                | Keyword::LIKE
                | Keyword::ILIKE
                | Keyword::SIMILAR
                | Keyword::BETWEEN
                | Keyword::JOIN
                | Keyword::COLLATE
                | Keyword::AT
                | Keyword::DIV
                | Keyword::XOR
                | Keyword::RLIKE
                | Keyword::REGEXP
                | Keyword::OVERLAPS => operators += 1,
                _ => {}
            },
            // What only separates or holds values.
            Token::Whitespace(_)
            | Token::Comma
            | Token::Period
            | Token::LParen
            | Token::RParen
            | Token::SemiColon
            | Token::Number(..)
            | Token::SingleQuotedString(_)
            | Token::EOF => {}
            _ => operators += 1,
        }
    }
    (operators, unions)
}

fn only_asks(statement: &Statement) -> bool {
    match statement {
        Statement::Statement(statement) => matches!(&**statement, ast::Statement::Query(query) if selects(query)),
        _ => false,
    }
}

fn selects(query: &ast::Query) -> bool {
    fn body(set: &SetExpr) -> bool {
        match set {
            SetExpr::Select(select) => select.into.is_none(),
            SetExpr::Query(query) => selects(query),
            SetExpr::SetOperation { left, right, .. } => body(left) && body(right),
            SetExpr::Values(_) | SetExpr::Table(_) => true,
            _ => false,
        }
    }
    let with = query.with.iter().flat_map(|with| &with.cte_tables);
    body(&query.body) && with.into_iter().all(|table| selects(&table.query))
}

/// Columns with names of their own: two of one name are told apart by a number, so that every form can hold both.
fn named_apart(schema: &Schema) -> SchemaRef {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let field = |field: &Arc<arrow_schema::Field>| {
        let name: String = field.name().chars().take(NAME_CHARS_MAX).collect();
        let count = seen.entry(name.clone()).or_default();
        *count += 1;
        let numbered = |count: usize| format!("{name}_{count}");
        let own = match *count {
            1 => Some(name.clone()),
            count => (count..).map(numbered).find(|name| schema.column_with_name(name).is_none()),
        };
        field.as_ref().clone().with_nullable(true).with_name(own.unwrap_or_default())
    };
    Arc::new(Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>()))
}

/// What was read so far, by the counters of the plan.
fn progress(plan: &dyn ExecutionPlan, runtime: &RuntimeEnv) -> Progress {
    let mut progress = Progress { spilled: runtime.spilling_progress().current_bytes, ..Progress::default() };
    add(plan, &mut progress);
    progress
}

fn add(plan: &dyn ExecutionPlan, progress: &mut Progress) {
    if plan.children().is_empty()
        && let Some(metrics) = plan.metrics()
    {
        let number = |name: &str| metrics.sum_by_name(name).map_or(0, |value| value.as_usize() as u64);
        progress.rows += metrics.output_rows().unwrap_or(0) as u64;
        progress.bytes += number("bytes_scanned");
        progress.files += number("files_opened");
    }
    plan.children().into_iter().for_each(|child| add(child.as_ref(), progress));
}

/// Milliseconds of all cores, and the most memory, of this process.
fn used() -> (u64, u64) {
    // SAFETY: a struct of numbers, which the call fills.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        libc::getrusage(libc::RUSAGE_SELF, &mut usage);
        usage
    };
    let ms = |time: libc::timeval| time.tv_sec as u64 * 1000 + time.tv_usec as u64 / 1000;
    // What the kernel counts as the most begins with the process that started this one; its own is told elsewhere.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let most =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().split(' ').next()?.parse::<u64>().ok());
    let most = most.unwrap_or(usage.ru_maxrss as u64);
    (ms(usage.ru_utime) + ms(usage.ru_stime), most * 1024)
}

fn chain(error: &lake::Error) -> String {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
