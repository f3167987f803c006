-- The table that the support desk works with.
create table issues (
  id serial primary key,
  title varchar(120) not null,
  status text,
  priority text,
  external_id text unique,
  updated_at timestamptz not null default clock_timestamp(),
  constraint known_priority check (priority in ('critical', 'urgent', 'bug', 'feature', 'wish'))
);

create index issues_updated_at on issues (updated_at);

create function move_updated_at() returns trigger language plpgsql as $$
begin
  new.updated_at := clock_timestamp();
  return new;
end
$$;

create trigger issues_move before update on issues for each row execute function move_updated_at();
