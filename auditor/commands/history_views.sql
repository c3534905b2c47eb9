-- The views of `auditor history query`. `records` is one record a customer and run, with every column of the history.
-- Records that do not name their partner get it from the run's folder, or are of the only partner.
create view history as
select records.* replace (lower(coalesce(partner_tenant, partner)) as partner_tenant, started_at::date as run_date)
from records left join run_partners using (run_id);

-- The newest record of each customer and partner.
create view current as
from history
qualify row_number() over (
    partition by api, validation_type, partner_tenant, customer_id order by started_at desc, run_id desc
) = 1;

-- Stretches of one verdict: an undetermined record neither begins nor ends one; `ended` is the first answer with another verdict.
create view stretches as
with answers as (
    select *, lag(verdict) over customer as verdict_before
    from history
    where verdict <> 'undetermined' and checked_at is not null
    window customer as (partition by api, validation_type, partner_tenant, customer_id order by checked_at, started_at)
), numbered as (
    select *, count(*) filter (verdict is distinct from verdict_before) over customer as number
    from answers
    window customer as (partition by api, validation_type, partner_tenant, customer_id order by checked_at, started_at)
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
select
    *,
    least(first_seen, last_update) as since,
    lead(first_seen) over customer as ended,
    count(*) filter (verdict = 'blocked') over customer as times_blocked
from seen
window customer as (partition by api, validation_type, partner_tenant, customer_id order by number);

-- Customers that are blocked now, by the last answer that says eligible or blocked.
create view blocked_since as
select
    partner_tenant, customer_id, company_name, owner, status,
    since as blocked_since, last_seen, times_blocked, api, validation_type
from stretches
where verdict = 'blocked' and ended is null;
