create table people_1 (
  id integer primary key,
  name text not null
) strict;

insert into people_1 (id, name) select id, ltrim(first || ' ' || last) from people;

drop table people;
alter table people_1 rename to people;
