-- The tables of the customers database. An existing database needs no changes beyond a column that moves with each update.
create table languages (
  code varchar(8) primary key,
  name varchar(60) not null,
  updated_at timestamptz not null default clock_timestamp()
);

create table customers (
  id serial primary key,
  code varchar(20) unique,
  name varchar(60) not null,
  lang varchar(8) references languages (code),
  active boolean not null default true,
  updated_at timestamptz not null default clock_timestamp()
);

create index customers_updated_at on customers (updated_at);

create function move_updated_at() returns trigger language plpgsql as $$
begin
  new.updated_at := clock_timestamp();
  return new;
end
$$;

create trigger customers_move before update on customers for each row execute function move_updated_at();
create trigger languages_move before update on languages for each row execute function move_updated_at();

insert into languages (code, name) values ('en', 'English'), ('de', 'German'), ('fr', 'French');
