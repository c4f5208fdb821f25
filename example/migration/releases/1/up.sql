create table people (
  id integer primary key,
  name text not null
) strict;

insert into people (name) values ('Ada Lovelace'), ('Grace Hopper'), ('Alan Mathison Turing');
