-- Questions to the history of all runs. In the folder that holds `reports`: duckdb < duckdb_history.sql
-- Days and weeks are those of UTC.
set timezone = 'UTC';

-- The history: one record a customer and run. Files of earlier versions have no partner_tenant: where there is one partner, they are of it.
create or replace temp view history as
with records as (
    select null::varchar as partner_tenant where false
    union all by name
    from read_parquet('reports/history/**/*.parquet', hive_partitioning = true, union_by_name = true)
), only_partner as (
    select case when count(distinct partner_tenant) = 1 then min(partner_tenant) end as name
    from records
)
select records.* replace (coalesce(partner_tenant, only_partner.name) as partner_tenant)
from records, only_partner;

-- Stretches of one verdict: an undetermined record neither begins nor ends one; `ended` is the first answer with another verdict.
create or replace temp view stretches as
with answers as (
    select *, lag(verdict) over customer as verdict_before
    from history
    where verdict <> 'undetermined'
    window customer as (partition by api, validation_type, partner_tenant, customer_id order by checked_at)
), numbered as (
    select *, count(*) filter (verdict is distinct from verdict_before) over customer as number
    from answers
    window customer as (partition by api, validation_type, partner_tenant, customer_id order by checked_at)
), seen as (
    select
        api, validation_type, partner_tenant, customer_id, verdict, number,
        last(company_name order by checked_at) as company_name,
        last(owner order by checked_at) as owner,
        last(status order by checked_at) as status,
        last(last_update order by checked_at) as last_update,
        min(checked_at) as first_seen,
        max(checked_at) as last_seen
    from numbered
    group by all
)
select *, least(first_seen, last_update) as since, lead(first_seen) over customer as ended
from seen
window customer as (partition by api, validation_type, partner_tenant, customer_id order by number);

-- Who is blocked now, and since when? The last update or the first audit that found the customer blocked, whichever is earlier.
select partner_tenant, customer_id, company_name, owner, status, since::date as blocked_since, last_seen::date as last_seen
from stretches
where verdict = 'blocked' and ended is null
order by blocked_since, partner_tenant, customer_id;

-- How many customers were newly blocked in each week? Only those that an earlier audit found eligible.
select date_trunc('week', first_seen)::date as week, count(*) as newly_blocked
from stretches
where verdict = 'blocked' and number > 1
group by all
order by week;

-- How long did blocks last that are over? In days, until the first audit that found the customer eligible again.
with ended as (
    select status, date_diff('day', since, ended) as days
    from stretches
    where verdict = 'blocked' and ended is not null
)
select status, count(*) as blocks, min(days) as shortest, median(days) as median, max(days) as longest
from ended
group by all
order by status;

-- Which customers were never answered? With the reason of the last run, and in how many runs.
select
    partner_tenant,
    customer_id,
    last(company_name order by started_at) as company_name,
    last(reason order by started_at) as reason,
    count(*) as runs
from history
group by partner_tenant, customer_id
having bool_and(verdict = 'undetermined')
order by partner_tenant, customer_id;
